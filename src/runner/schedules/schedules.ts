/** Schedules as an operator sees them: made, changed, paused, listed, removed. */
import { PieceworkError } from '../../core/errors.ts'
import { nextTick, type ScheduleState } from '../../core/schedule.ts'
import {
  newScheduleRow,
  nextScheduleRow,
  SCHEDULE,
  type ScheduleMemo,
  type ScheduleStanding,
  scheduleId,
  scheduleOf,
} from '../../storage/schedule-codec.ts'
import type { Page, Row } from '../../storage/storage.ts'
import type { Engine } from '../engine.ts'
import { type ScheduleInfo, scheduleInfo } from './info.ts'
import type { CheckedSchedule, ScheduleOptions } from './options.ts'
import { checkRule, type Rule } from './rule.ts'
import { ticksOf } from './ticks.ts'

/** How often a change is tried of a schedule that others write to at the same time. */
const maxTries = 20

/** What `schedule` was given, checked. */
export interface ScheduleDraft {
  /** The name of the task. */
  readonly task: string
  readonly checked: CheckedSchedule
  readonly options: ScheduleOptions
  /** The text of the input. */
  readonly input: string
}

type Standing = ScheduleStanding<Rule>

export class Schedules {
  readonly #engine: Engine
  readonly #due: (at: number) => void

  /** `due` hears of the next tick of what was changed here. */
  constructor(engine: Engine, due: (at: number) => void) {
    this.#engine = engine
    this.#due = due
  }

  /** Adds or changes one. Where the rule stays, so does how far it is: a restart neither loses nor repeats a tick. */
  async put({ task, checked, options, input }: ScheduleDraft): Promise<ScheduleInfo> {
    const { name, plan, priority, jitterMs } = checked
    const now = this.#engine.time.now()
    const row = await this.#change(name, (found) => {
      const old = found && scheduleOf<Rule>(found)
      const rule = anchoredAs(old?.rule, checkRule(options, now), options)
      const isSame = old !== undefined && JSON.stringify(old.rule) === JSON.stringify(rule)
      const fresh = { doneUpTo: 'at' in rule ? Math.min(now, rule.at - 1) : now, lastTick: old?.progress.lastTick }
      const progress = isSame ? old.progress : fresh
      const memo = { task, rule, plan, input, priority, jitterMs, addedAt: old?.addedAt ?? now, progress }
      // What an operator paused, no restart of the app resumes.
      return standing(found?.state === 'paused' ? 'paused' : 'active', memo)
    })
    return scheduleInfo(row as Row)
  }

  /** `undefined` when there is no such schedule. One that is paused, or has ended, stays as it is. */
  pause(name: string): Promise<ScheduleInfo | undefined> {
    return this.#turn(name, (state, memo) => {
      return state === 'active' ? { state: 'paused', wakeAt: null, memo } : 'as it is'
    })
  }

  /** Ticks that fell into the pause are not made up for. */
  resume(name: string): Promise<ScheduleInfo | undefined> {
    return this.#turn(name, (state, memo) => {
      if (state !== 'paused') return 'as it is'
      const doneUpTo = Math.max(memo.progress.doneUpTo, this.#engine.time.now())
      return standing('active', { ...memo, progress: { ...memo.progress, doneUpTo } })
    })
  }

  /** `false` when there is no such schedule. Tasks that it added stay. */
  async remove(name: string): Promise<boolean> {
    const { health, storage } = this.#engine
    for (let tries = 0; tries < maxTries; tries++) {
      const row = await this.#row(name)
      if (!row) return false
      const [result] = await health.few(() => storage.apply([{ row, next: null }]))
      if (result === 'applied') return true
    }
    throw contended(name)
  }

  async get(name: string): Promise<ScheduleInfo | undefined> {
    const row = await this.#row(name)
    return row && scheduleInfo(row)
  }

  async *list(): AsyncGenerator<ScheduleInfo, void, undefined> {
    const { health, storage } = this.#engine
    for (let after: string | null = ''; after !== null; ) {
      const by = { names: [SCHEDULE], after }
      const page: Page = await health.few(() => storage.find(by, storage.traits.batchMax))
      for (const row of page.rows) yield scheduleInfo(row)
      after = page.after
    }
  }

  #turn(name: string, to: (state: ScheduleState, memo: ScheduleMemo<Rule>) => Standing | 'as it is') {
    const change = (found: Row | undefined) =>
      found ? to(found.state as ScheduleState, scheduleOf<Rule>(found)) : 'as it is'
    return this.#change(name, change).then((row) => row && scheduleInfo(row))
  }

  /** Compare-and-set until it is through. Answers the row as it is then, if there is one. */
  async #change(name: string, to: (found: Row | undefined) => Standing | 'as it is'): Promise<Row | undefined> {
    const { health, storage, time, newHolder } = this.#engine
    for (let tries = 0; tries < maxTries; tries++) {
      const found = await this.#row(name)
      const next = to(found)
      if (next === 'as it is') return found
      const holder = newHolder()
      const fresh = newScheduleRow(name, next, { holder, rev: time.now() })
      const isDone = found
        ? (await health.few(() => storage.apply([{ row: found, next: nextScheduleRow(next, holder) }])))[0] ===
          'applied'
        : (await health.few(() => storage.insert([fresh])))[0] === 'inserted'
      if (!isDone) continue
      if (next.wakeAt !== null) this.#due(next.wakeAt)
      return fresh
    }
    throw contended(name)
  }

  async #row(name: string): Promise<Row | undefined> {
    const { health, storage } = this.#engine
    return (await health.few(() => storage.get([scheduleId(name)])))[0]
  }
}

function contended(name: string): PieceworkError {
  return new PieceworkError('contended', `Others kept changing the schedule ${name}`)
}

/** The same period is counted from where it was before: each start of the app would put the ticks off otherwise. */
function anchoredAs(old: Rule | undefined, rule: Rule, { from }: ScheduleOptions): Rule {
  const isSame = from === undefined && old && 'every' in old && 'every' in rule && old.every === rule.every
  return isSame ? old : rule
}

/** Awake at its next tick; ended where there is none. */
function standing(state: ScheduleState, memo: ScheduleMemo<Rule>): Standing {
  if (state === 'paused') return { state, wakeAt: null, memo }
  const next = nextTick(memo.plan, memo.progress, ticksOf(memo.rule))
  return next === undefined ? { state: 'ended', wakeAt: null, memo } : { state: 'active', wakeAt: next, memo }
}
