/** Schedules as an operator sees them: made, changed, paused, listed, removed. */
import { canonicalText } from '../../core/canonical.ts'
import type { Instant } from '../../core/duration.ts'
import { PieceworkError } from '../../core/errors.ts'
import { encode } from '../../core/payload.ts'
import {
  missedAfterMs,
  nearestTick,
  nextTick,
  type ScheduleProgress,
  type ScheduleState,
  type Ticks,
} from '../../core/schedule.ts'
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
import { checkSize } from '../adder.ts'
import type { Engine } from '../engine.ts'
import { type ScheduleInfo, scheduleInfo } from './info.ts'
import type { CheckedSchedule } from './options.ts'
import type { Rule } from './rule.ts'
import { ticksOf } from './ticks.ts'

/** How many characters one tick that waits takes, with its comma. */
const instantLength = 14

/** How often a change is tried of a schedule that others write to at the same time. */
const maxTries = 20

/** What `schedule` was given, checked. */
export interface ScheduleDraft {
  /** The name of the task. */
  readonly task: string
  readonly checked: CheckedSchedule
  /** Its `every` is counted from 0 unless it `isAnchored`. */
  readonly rule: Rule
  readonly isAnchored: boolean
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
  async put(draft: ScheduleDraft): Promise<ScheduleInfo> {
    const { task, checked, input } = draft
    const { name, plan, priority, jitterMs } = checked
    const row = await this.#change(name, (found) => {
      const now = this.#engine.time.now()
      const old = found && scheduleOf<Rule>(found)
      const rule = anchored(draft, old?.rule, now)
      const isSame = old !== undefined && canonicalText(old.rule) === canonicalText(rule)
      const progress = isSame ? goneOn(old.progress, ticksOf(rule), found?.state, now) : begun(rule, old?.progress, now)
      const memo = { task, rule, plan, input, priority, jitterMs, addedAt: old?.addedAt ?? now, progress }
      checkSize(this.#engine, 'input', encode(memo) + ' '.repeat((plan.limit + 2) * instantLength))
      // What an operator paused, no restart of the app resumes.
      const next = standing(found?.state === 'paused' ? 'paused' : 'active', memo)
      return found && isAsItWas(found, next) ? 'as it is' : next
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
      const now = this.#engine.time.now()
      const { adding, next, ...progress } = memo.progress
      // A task that was perhaps not added before the pause: long after it, that has fallen into the pause as well.
      const isLate = now - (progress.lastTick ?? 0) > missedAfterMs
      const kept = adding && !isLate ? { adding } : {}
      const doneUpTo = Math.max(notAhead(progress.doneUpTo, now), now)
      return standing('active', { ...memo, progress: { ...progress, ...kept, doneUpTo } })
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
      if (next === 'as it is') {
        if (found && found.wakeAt !== null) this.#due(found.wakeAt)
        return found
      }
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
function anchored({ rule, isAnchored }: ScheduleDraft, old: Rule | undefined, now: Instant): Rule {
  if (isAnchored || !('every' in rule)) return rule
  return old && 'every' in old && old.every === rule.every ? old : { ...rule, from: now + rule.every }
}

/** A new rule: its first tick is after now, or the one of `at`. What an earlier rule's last task is, it goes by as well. */
function begun(rule: Rule, old: ScheduleProgress | undefined, now: Instant): ScheduleProgress {
  const { lastTick, adding } = old ?? {}
  const doneUpTo = 'at' in rule ? Math.min(now, rule.at - 1) : now
  return { doneUpTo, lastTick, ...(adding ? { adding } : {}) }
}

/** The same rule again. Its next tick is said anew: an app starts again with newer data of time zones. */
function goneOn(
  { next: stored, ...progress }: ScheduleProgress,
  ticks: Ticks,
  state: string | undefined,
  now: Instant,
): ScheduleProgress {
  // Ticks after an `until` that has been put off since are not made up for.
  if (state === 'ended') return { ...progress, doneUpTo: Math.max(progress.doneUpTo, now) }
  const doneUpTo = notAhead(progress.doneUpTo, now)
  if (stored === undefined || doneUpTo !== progress.doneUpTo) return { ...progress, doneUpTo }
  const next = nearestTick(ticks, stored)
  return { ...progress, ...(next !== undefined && next > doneUpTo ? { next } : {}) }
}

/**
 * The storage's clock stood far ahead when somebody looked: left alone, there would be no tick until it is caught up
 * with. Ticks that were taken then are not repeated, as their tasks have their ids.
 */
function notAhead(doneUpTo: Instant, now: Instant): Instant {
  return doneUpTo > now + missedAfterMs ? now : doneUpTo
}

/**
 * Many processes that start together make the same schedule: those who would change nothing write nothing, so that none
 * of them is kept from it by the others, and no tick that is being taken is disturbed.
 */
function isAsItWas(found: Row, { state, memo }: Standing): boolean {
  const kept = ({ progress, ...rest }: ScheduleMemo<Rule>) =>
    canonicalText(JSON.parse(encode(state === 'active' ? { ...rest, progress } : rest)))
  return found.state === state && kept(scheduleOf<Rule>(found)) === kept(memo)
}

/** Awake at its next tick, or for what is left of one; ended where there is none. */
function standing(state: ScheduleState, memo: ScheduleMemo<Rule>): Standing {
  if (state === 'paused') return { state, wakeAt: null, memo }
  const { adding, waiting, doneUpTo } = memo.progress
  const next = nextTick(memo.plan, memo.progress, ticksOf(memo.rule))
  const wakeAt = adding || waiting ? doneUpTo : next
  if (wakeAt === undefined) return { state: 'ended', wakeAt: null, memo }
  return { state: 'active', wakeAt, memo: { ...memo, progress: { ...memo.progress, next } } }
}
