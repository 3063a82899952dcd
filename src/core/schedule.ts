/**
 * A schedule adds tasks by a rule. Its row wakes at its next tick; whoever claims it adds the task of each tick that is
 * due, by an id that is made of the schedule and the tick, and moves the schedule on. Both may be done again by anybody.
 */
import type { Instant } from './duration.ts'

/** What becomes of ticks that nobody took in time. */
export type Missed = 'skip' | 'last' | 'all'

/** What becomes of a tick while the task of an earlier one is not done. */
export type Overlap = 'skip' | 'queue' | 'allow'

/** When ticks are. Pure: the same question has the same answer. */
export interface Ticks {
  /** The first tick after an instant. */
  next(after: Instant): Instant | undefined
  /** The last `count` ticks up to an instant, which may be one, in order. */
  latest(count: number, upTo: Instant): Instant[]
}

/**
 * A tick that nobody took within this time was missed; before that it is only late, and is taken whatever the policy, as
 * in Quartz. Longer than a lease, so that a scheduler that dies costs no tick.
 */
export const missedAfterMs = 60_000

/** How soon a schedule whose ticks wait for an earlier task looks again. */
export const queueAgainMs = 1_000

/** What a schedule goes by, beside its rule. */
export interface SchedulePlan {
  readonly missed: Missed
  /** The most ticks that are taken, or wait, at once; of more, the latest. */
  readonly limit: number
  readonly overlap: Overlap
  /** No tick after it. */
  readonly until: Instant | undefined
}

/** How far a schedule is. */
export interface ScheduleProgress {
  /** No tick up to this one is to come any more: taken, skipped, or before the schedule began. */
  readonly doneUpTo: Instant
  /** The last tick that a task was added for. */
  readonly lastTick: Instant | undefined
}

export const scheduleMoves = {
  active: {
    active: 'a tick',
    paused: 'paused',
    ended: 'its last tick is over',
  },
  paused: {
    active: 'resumed',
  },
  ended: {
    active: 'its rule is changed',
  },
} as const

export type ScheduleState = keyof typeof scheduleMoves

/** What is to be done for a schedule that is awake. */
export interface Turn {
  /** Ticks to add a task for, the earliest first. */
  readonly take: readonly Instant[]
  readonly progress: ScheduleProgress
  /** When it wants attention next; `undefined`: never again. */
  readonly wakeAt: Instant | undefined
}

/**
 * What to do now. `isLastOpen`: the task of `lastTick` is not done.
 *
 * Of the ticks that were missed `skip` takes none, `last` the last one, if none is there that was not, and `all` each, up
 * to the limit.
 */
export function turn(
  plan: SchedulePlan,
  progress: ScheduleProgress,
  ticks: Ticks,
  now: Instant,
  isLastOpen: boolean,
): Turn {
  const upTo = Math.min(now, plan.until ?? now)
  const due = dueTicks(plan, progress, ticks, upTo, now)
  if (isLastOpen && plan.overlap === 'queue' && due.length > 0) {
    // Nothing is done up to a tick that waits, so it is due at the next look as well.
    const [first = now] = due
    return { take: [], progress: { ...progress, doneUpTo: first - 1 }, wakeAt: now + queueAgainMs }
  }
  const take = isLastOpen && plan.overlap === 'skip' ? [] : atOnce(plan, due)
  const last = take.at(-1)
  const rest = due.slice(take.length)
  const isWaiting = plan.overlap === 'queue' && rest.length > 0
  const doneUpTo = isWaiting ? (last ?? progress.doneUpTo) : Math.max(progress.doneUpTo, upTo)
  const after = { doneUpTo, lastTick: last ?? progress.lastTick }
  return { take, progress: after, wakeAt: isWaiting ? now + queueAgainMs : nextTick(plan, after, ticks) }
}

/** The first tick that is to come. */
export function nextTick(plan: SchedulePlan, { doneUpTo }: ScheduleProgress, ticks: Ticks): Instant | undefined {
  const next = ticks.next(doneUpTo)
  return next === undefined || (plan.until !== undefined && next > plan.until) ? undefined : next
}

function dueTicks(
  { missed, limit }: SchedulePlan,
  { doneUpTo }: ScheduleProgress,
  ticks: Ticks,
  upTo: Instant,
  now: Instant,
): Instant[] {
  const due = upToLimit(ticks, doneUpTo, upTo, limit)
  if (missed === 'all') return due
  const late = due.filter((tick) => now - tick <= missedAfterMs)
  return late.length === 0 && missed === 'last' ? due.slice(-1) : late
}

/** From the last one on, which is cheap as long as there are few; of more than the limit the latest. */
function upToLimit(ticks: Ticks, doneUpTo: Instant, upTo: Instant, limit: number): Instant[] {
  const due: Instant[] = []
  for (let tick = ticks.next(doneUpTo); tick !== undefined && tick <= upTo; tick = ticks.next(tick)) {
    if (due.length === limit) return ticks.latest(limit, upTo)
    due.push(tick)
  }
  return due
}

/** One task after another: of ticks that wait for each other, and where a task of the schedule must not meet the next. */
function atOnce({ overlap }: SchedulePlan, due: readonly Instant[]): readonly Instant[] {
  return overlap === 'allow' ? due : due.slice(0, 1)
}
