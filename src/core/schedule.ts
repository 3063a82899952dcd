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
 * in Quartz. Two leases where those are longer, so that a scheduler that dies costs no tick.
 */
export const missedAfterMs = 60_000

/** How soon a schedule whose ticks wait for an earlier task looks again: ever later, as that task may take hours. */
const lookAgainMs = { least: 1_000, most: 10_000, share: 0.1 }

/** What a schedule goes by, beside its rule. */
export interface SchedulePlan {
  readonly missed: Missed
  /** The most ticks that are made up for, or wait; of more, the latest. */
  readonly limit: number
  readonly overlap: Overlap
  /** No tick after it. */
  readonly until: Instant | undefined
}

/** How far a schedule is. */
export interface ScheduleProgress {
  /** No tick up to this one is to come any more, but for those that wait: taken, left out, or before it began. */
  readonly doneUpTo: Instant
  /**
   * The first tick after `doneUpTo`, as it was when that was written: this very instant is taken, by whoever comes. Two
   * machines whose data of time zones differ would else take two ticks where each alone sees one, or none.
   */
  readonly next?: Instant | undefined
  /** The last tick that a task was added for. */
  readonly lastTick: Instant | undefined
  /** The task of `lastTick` is being added: whoever comes next cannot know whether it is there, and adds it again. */
  readonly adding?: true
  /** Ticks that were due and wait for their turn, in order. */
  readonly waiting?: readonly Instant[]
}

export const scheduleMoves = {
  active: {
    active: 'a tick; changed',
    paused: 'paused',
    ended: 'its last tick is over',
  },
  paused: {
    paused: 'changed',
    active: 'resumed',
    ended: 'resumed after its last tick',
  },
  ended: {
    active: 'changed, so that there are ticks again',
    ended: 'changed',
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

/** What is so when somebody looks. */
export interface Look {
  readonly now: Instant
  /** How long somebody may have had the schedule, and died. */
  readonly leaseMs?: number
  /** The task of `lastTick` is not done. */
  readonly isLastOpen: boolean
  /** How many tasks are added at once; more ticks than that wait. */
  readonly most: number
}

/**
 * What to do now. Of the ticks that were missed `skip` takes none, `last` the last one, if none is there that was not,
 * and `all` each, up to the limit. A tick that waits was not missed.
 */
export function turn(
  plan: SchedulePlan,
  progress: ScheduleProgress,
  ticks: Ticks,
  { now, leaseMs = 0, ...look }: Look,
): Turn {
  const upTo = Math.min(now, plan.until ?? now)
  const passed = walk(ticks, progress, upTo, plan.limit)
  const due = [
    ...(progress.waiting ?? []),
    ...inTime(plan, passed.ticks, now - Math.max(missedAfterMs, 2 * leaseMs)),
  ].slice(-plan.limit)
  const [take, waiting] = split(plan.overlap, due, look)
  const after: ScheduleProgress = {
    doneUpTo: Math.max(progress.doneUpTo, upTo),
    next: within(plan, passed.next),
    lastTick: take.at(-1) ?? progress.lastTick,
    ...(waiting.length > 0 ? { waiting } : {}),
  }
  return { take, progress: after, wakeAt: wakeAfter(plan, after, now) }
}

/** The ticks to take, and those that go on waiting; the rest is left out. */
function split(
  overlap: Overlap,
  due: readonly Instant[],
  { isLastOpen, most }: Pick<Look, 'isLastOpen' | 'most'>,
): readonly [Instant[], Instant[]] {
  switch (overlap) {
    case 'allow':
      return [due.slice(0, most), due.slice(most)]
    case 'skip':
      // One of them at most, as they must not meet each other either: the latest, like that of a schedule nobody held up.
      return [isLastOpen ? [] : due.slice(-1), []]
    case 'queue':
      return isLastOpen ? [[], [...due]] : [due.slice(0, 1), due.slice(1)]
  }
}

function wakeAfter(plan: SchedulePlan, after: ScheduleProgress, now: Instant): Instant | undefined {
  const [first] = after.waiting ?? []
  if (first === undefined) return after.next
  if (plan.overlap === 'allow') return now
  const { least, most, share } = lookAgainMs
  return now + Math.ceil(Math.min(most, Math.max(least, (now - first) * share)))
}

/** The first tick that is to come. */
export function nextTick(
  plan: SchedulePlan,
  progress: Pick<ScheduleProgress, 'doneUpTo' | 'next'>,
  ticks: Ticks,
): Instant | undefined {
  return within(plan, progress.next ?? ticks.next(progress.doneUpTo))
}

function within({ until }: SchedulePlan, tick: Instant | undefined): Instant | undefined {
  return tick === undefined || (until !== undefined && tick > until) ? undefined : tick
}

/** Of ticks that are over, those that are still to be taken. */
function inTime({ missed }: SchedulePlan, due: readonly Instant[], notBefore: Instant): readonly Instant[] {
  if (missed === 'all') return due
  const late = due.filter((tick) => tick >= notBefore)
  return late.length === 0 && missed === 'last' ? due.slice(-1) : late
}

/**
 * The ticks up to an instant, and the one behind them. From the first one on, which is cheap as long as there are few; of
 * more than the limit the latest.
 */
function walk(
  ticks: Ticks,
  { doneUpTo, next: stored }: ScheduleProgress,
  upTo: Instant,
  limit: number,
): { readonly ticks: readonly Instant[]; readonly next: Instant | undefined } {
  const due: Instant[] = []
  let tick = stored ?? ticks.next(doneUpTo)
  while (tick !== undefined && tick <= upTo) {
    if (due.length === limit) return { ticks: ticks.latest(limit, upTo), next: ticks.next(upTo) }
    due.push(tick)
    tick = tick === stored ? afterStored(ticks, tick) : ticks.next(tick)
  }
  return { ticks: due, next: tick }
}

/** What stood for the nearest tick that there is must not come as well. */
function afterStored(ticks: Ticks, stored: Instant): Instant | undefined {
  return ticks.next(nearestTick(ticks, stored) ?? stored)
}

/** The tick that an instant stands for which, by the data of this machine, may be none. */
export function nearestTick(ticks: Ticks, stored: Instant): Instant | undefined {
  const [before] = ticks.latest(1, stored)
  const after = before === stored ? undefined : ticks.next(stored)
  if (before === undefined || after === undefined) return before ?? after
  return after - stored < stored - before ? after : before
}
