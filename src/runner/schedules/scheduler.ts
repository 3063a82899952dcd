/**
 * Takes the ticks of schedules that are due. Everything here may be done again by anybody: the task of a tick has an id
 * that is made of the schedule and the tick.
 */
import { messageOf } from '../../core/error-record.ts'
import { type ScheduleState, turn } from '../../core/schedule.ts'
import { newTask, taskMoves } from '../../core/task.ts'
import { newRow, taskRow } from '../../storage/codec.ts'
import { nextScheduleRow, type ScheduleMemo, scheduleName, scheduleOf } from '../../storage/schedule-codec.ts'
import type { Row } from '../../storage/storage.ts'
import type { Engine } from '../engine.ts'
import { hashOf } from '../hash.ts'
import type { Rule } from './rule.ts'
import { ticksOf } from './ticks.ts'

/** The id of the task of a tick: the same whoever adds it. */
export function tickId(name: string, tick: number): string {
  return `${name}@${new Date(tick).toISOString()}`
}

/** Who hears of schedules. */
export interface SchedulerListener {
  /** A task, or a schedule, is due then. */
  due(at: number): void
  /** A schedule was seen to. */
  idle(): void
}

export class Scheduler {
  readonly #engine: Engine
  readonly #listener: SchedulerListener
  readonly #underWay = new Set<Promise<void>>()

  constructor(engine: Engine, listener: SchedulerListener) {
    this.#engine = engine
    this.#listener = listener
  }

  get busy(): boolean {
    return this.#underWay.size > 0
  }

  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  /** A schedule that was claimed. Never rejects: what is left undone is done when the claim's lease is over. */
  tend(row: Row): void {
    const tending = this.#tend(row)
      .catch((error: unknown) => {
        this.#engine.notifier.warn(`Schedule ${scheduleName(row)} could not be moved on: ${messageOf(error)}`)
      })
      .finally(() => {
        this.#underWay.delete(tending)
        this.#listener.idle()
      })
    this.#underWay.add(tending)
  }

  async #tend(row: Row): Promise<void> {
    const { storage, health, time, newHolder, notifier } = this.#engine
    const memo = scheduleOf<Rule>(row)
    const name = scheduleName(row)
    const isLastOpen = await this.#isLastOpen(name, memo)
    const { take, progress, wakeAt } = turn(memo.plan, memo.progress, ticksOf(memo.rule), time.now(), isLastOpen)
    const tasks = take.map((tick) => this.#taskOf(name, memo, tick))
    for (let from = 0; from < tasks.length; from += storage.traits.batchMax) {
      const batch = tasks.slice(from, from + storage.traits.batchMax)
      const results = await health.few(() => storage.insert(batch))
      for (const [index, { id, name: task, wakeAt: due }] of batch.entries()) {
        if (results[index] !== 'inserted') continue
        notifier.tell('added', () => ({ id, name: task }))
        if (due !== null) this.#listener.due(due)
      }
    }
    const state: ScheduleState = wakeAt === undefined ? 'ended' : 'active'
    const next = nextScheduleRow({ state, wakeAt: wakeAt ?? null, memo: { ...memo, progress } }, newHolder())
    // Stale: somebody changed the schedule, or took it over; what that is goes by what is stored.
    await health.few(() => storage.apply([{ row, next }]))
    if (wakeAt !== undefined) this.#listener.due(wakeAt)
  }

  async #isLastOpen(name: string, { plan, progress }: ScheduleMemo<Rule>): Promise<boolean> {
    if (plan.overlap === 'allow' || progress.lastTick === undefined) return false
    const id = tickId(name, progress.lastTick)
    const [found] = await this.#engine.health.few(() => this.#engine.storage.get([id]))
    const task = taskRow(found)
    return task !== undefined && !isDone(task.state)
  }

  #taskOf(name: string, { task, input, priority, jitterMs }: ScheduleMemo<Rule>, tick: number): Row {
    const { time, newHolder } = this.#engine
    const id = tickId(name, tick)
    const now = time.now()
    const made = newTask({ id, name: task, priority, runAt: tick + jitter(id, jitterMs), hold: false }, now)
    return newRow(made, { input, key: undefined, holder: newHolder(), rev: now })
  }
}

function isDone(state: string): boolean {
  return ['completed', 'failed', 'cancelled', 'skipped'].includes(state) || !(state in taskMoves)
}

/** The same for everybody who adds the task: a part of the limit that is drawn from its id. */
function jitter(id: string, jitterMs: number): number {
  return jitterMs === 0 ? 0 : Number.parseInt(hashOf(id).slice(0, 8), 16) % (jitterMs + 1)
}
