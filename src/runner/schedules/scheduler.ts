/**
 * Takes the ticks of schedules that are due. Everything here may be done again by anybody: the task of a tick has an id
 * that is made of the schedule and the tick.
 */
import { messageOf } from '../../core/error-record.ts'
import { type ScheduleProgress, type ScheduleState, turn } from '../../core/schedule.ts'
import { newTask } from '../../core/task.ts'
import { newRow, taskRow, writtenRow } from '../../storage/codec.ts'
import { nextScheduleRow, type ScheduleMemo, scheduleName, scheduleOf } from '../../storage/schedule-codec.ts'
import type { Row } from '../../storage/storage.ts'
import type { Engine } from '../engine.ts'
import { hashOf } from '../hash.ts'
import type { Rule } from './rule.ts'
import { ticksOf } from './ticks.ts'

/** How many schedules are seen to at once. */
const schedulesAtOnce = 10

/** The id of the task of a tick: the same whoever adds it. */
export function tickId(name: string, tick: number): string {
  return `${name}@${new Date(tick).toISOString()}`
}

/** Who hears of schedules. */
export interface SchedulerListener {
  /** A task is due then. */
  due(at: number): void
  /** A schedule is due then. */
  tick(at: number): void
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

  /** How many schedules may be claimed now. */
  get room(): number {
    return schedulesAtOnce - this.#underWay.size
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

  async #tend(claimed: Row): Promise<void> {
    const { storage, time } = this.#engine
    const leaseMs = (claimed.wakeAt ?? 0) - time.now()
    const memo = scheduleOf<Rule>(claimed)
    const { plan, progress: before } = memo
    const ticks = ticksOf(memo.rule)
    let row = claimed
    if (before.adding && before.lastTick !== undefined && !(await this.#add(row, memo, [before.lastTick]))) return
    const isLastOpen = await this.#isLastOpen(row, memo)
    const look = { now: time.now(), leaseMs, isLastOpen, most: storage.traits.batchMax }
    const { take, progress, wakeAt } = turn(plan, before, ticks, look)
    if (take.length > 0 && plan.overlap !== 'allow') {
      // Where tasks must not meet, which one comes is written down before it is there: whoever goes on after a crash
      // goes on with this very one.
      const next = standing(memo, { ...progress, adding: true }, row.wakeAt, this.#engine.newHolder())
      if (!(await this.#apply(row, next))) return
      row = writtenRow(row, next)
    }
    if (!(await this.#add(row, memo, take))) return
    // Stale: somebody changed the schedule, or took it over; what is to come goes by what is stored.
    const next = standing(memo, progress, wakeAt ?? null, this.#engine.newHolder())
    if ((await this.#apply(row, next)) && wakeAt !== undefined) this.#listener.tick(wakeAt)
  }

  async #apply(row: Row, next: ReturnType<typeof standing>): Promise<boolean> {
    const { health, storage } = this.#engine
    const results = await health.few(() => (this.#mayWrite(row) ? storage.apply([{ row, next }]) : undefined))
    return results?.[0] === 'applied'
  }

  /** Adds the tasks of ticks that may be there already. `false` where this process has no say any longer. */
  async #add(row: Row, memo: ScheduleMemo<Rule>, ticks: readonly number[]): Promise<boolean> {
    if (ticks.length === 0) return true
    const { storage, health, notifier } = this.#engine
    const tasks = ticks.map((tick) => this.#taskOf(scheduleName(row), memo, tick))
    const insert = () => {
      // Nobody stands between a process that stood still and this insert: by the time it goes on, the task may have
      // been done by others, and purged. So each try looks at the clock.
      return this.#mayWrite(row) ? storage.insert(tasks) : undefined
    }
    const results = await health.few(insert)
    if (!results) return false
    for (const [index, { id, name, wakeAt }] of tasks.entries()) {
      if (results[index] !== 'inserted') continue
      notifier.tell('added', () => ({ id, name }))
      if (wakeAt !== null) this.#listener.due(wakeAt)
    }
    return true
  }

  /** Until its lease is over nobody else sees to the schedule. */
  #mayWrite({ wakeAt }: Row): boolean {
    const { time, abandoned } = this.#engine
    return !abandoned && !time.hasSlept() && time.now() < (wakeAt ?? 0)
  }

  async #isLastOpen(row: Row, { plan, progress }: ScheduleMemo<Rule>): Promise<boolean> {
    if (plan.overlap === 'allow' || progress.lastTick === undefined) return false
    const id = tickId(scheduleName(row), progress.lastTick)
    const [found] = await this.#engine.health.few(() => this.#engine.storage.get([id]))
    return ['held', 'waiting', 'running'].includes(taskRow(found)?.state ?? '')
  }

  #taskOf(name: string, { task, input, priority, jitterMs }: ScheduleMemo<Rule>, tick: number): Row {
    const { time, newHolder } = this.#engine
    const id = tickId(name, tick)
    const now = time.now()
    const made = newTask({ id, name: task, priority, runAt: tick + jitter(id, jitterMs), hold: false }, now)
    return newRow(made, { input, key: undefined, holder: newHolder(), rev: now })
  }
}

function standing(
  memo: ScheduleMemo<Rule>,
  progress: ScheduleProgress,
  wakeAt: number | null,
  holder: string,
): ReturnType<typeof nextScheduleRow> {
  const state: ScheduleState = wakeAt === null ? 'ended' : 'active'
  return nextScheduleRow({ state, wakeAt, memo: { ...memo, progress } }, holder)
}

/** The same for everybody who adds the task: a part of the limit that is drawn from its id. */
function jitter(id: string, jitterMs: number): number {
  return jitterMs === 0 ? 0 : Number.parseInt(hashOf(id).slice(0, 12), 16) % (jitterMs + 1)
}
