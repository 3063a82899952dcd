/**
 * A Job is a set of numbered parts with an optional reduce. Its row is the reduce's task as well: while parts are open it
 * only re-asks about them now and then; when none is, it becomes due, and is claimed, retried and ended like any task.
 *
 * Parts are counted by nobody. "Is any part still open?" is asked of the parts themselves, so it may be asked again.
 */
import type { Instant } from './duration.ts'
import type { ErrorRecord } from './error-record.ts'

/** How long a job that waits for its parts goes unasked: the longest that a crash at the wrong moment can hold it up. */
export const askAgainMs = 30_000

/** The same for one with slots: a crash between a part's end and the release of the next is a likely moment. */
const askAgainWithSlotsMs = 5_000

/** Why a job failed. */
export interface JobFailure {
  /** The part that failed it; `null` where it was the reduce. */
  readonly part: number | null
  readonly error: Pick<ErrorRecord, 'name' | 'message' | 'at'>
}

interface JobBase {
  readonly id: string
  readonly name: string
  readonly priority: number
  readonly addedAt: Instant
  /** At most so many of its parts run at once, over all processes; `null`: as many as there are workers. */
  readonly workers: number | null
}

/** Parts are still being added. They may run; the reduce may not. `wakeAt`: when its slots are looked at next. */
export interface OpenJob extends JobBase {
  readonly state: 'open'
  readonly wakeAt: Instant
}

/** Every part is there. `wakeAt`: when it is asked next whether one is still open. */
export interface MappingJob extends JobBase {
  readonly state: 'mapping'
  readonly total: number
  readonly wakeAt: Instant
}

/** No part is open: the reduce is due, or under way. */
export interface ReducingJob extends JobBase {
  readonly state: 'reducing'
  readonly total: number
  readonly wakeAt: Instant
}

export interface CompletedJob extends JobBase {
  readonly state: 'completed'
  readonly total: number
  readonly doneAt: Instant
  readonly result: unknown
}

/** `total` is `null` where it failed before all parts were there. Parts that had not begun are skipped. */
export interface FailedJob extends JobBase {
  readonly state: 'failed'
  readonly total: number | null
  readonly doneAt: Instant
  readonly failure: JobFailure
}

export interface CancelledJob extends JobBase {
  readonly state: 'cancelled'
  readonly total: number | null
  readonly doneAt: Instant
}

export type Job = OpenJob | MappingJob | ReducingJob | CompletedJob | FailedJob | CancelledJob
export type JobState = Job['state']

/** Every move a job makes, with what makes it. */
export const jobMoves = {
  open: {
    open: 'asked: parts are still being added; a dispatch begins again',
    mapping: 'seal: the last part was added',
    failed: 'a part failed, more than the threshold allows or by an error of failOn',
    cancelled: 'cancel',
  },
  mapping: {
    mapping: 'asked: a part is still open',
    open: 'a dispatch begins again',
    reducing: 'asked: no part is open',
    completed: 'asked: no part is open, and it is a dispatch',
    failed: 'a part failed, more than the threshold allows or by an error of failOn',
    cancelled: 'cancel',
  },
  reducing: {
    reducing: 'the reduce is claimed, or will be tried again',
    completed: 'the reduce ended well, or there is none',
    failed: 'the reduce has no attempt left, or its failure is final',
    cancelled: 'cancel',
  },
  completed: { open: 'a dispatch begins again' },
  failed: { mapping: 'resume: its failed and skipped parts are open again' },
  cancelled: { mapping: 'resume: its skipped parts are open again', open: 'a dispatch begins again' },
} as const satisfies Record<JobState, Partial<Record<JobState, string>>>

/** What was found out about the parts. */
export interface PartsSeen {
  /** Whether any part is still to be done. */
  readonly open: boolean
  /** How many failed for good; counting may stop beyond the threshold. */
  readonly failed: number
  /** The failure to keep, if any part failed: one that fails the job by its kind, else the lowest part's. */
  readonly failure: JobFailure | undefined
  /** Whether that failure fails the job by its kind, whatever the threshold. */
  readonly failsJob: boolean
}

export function newJob(facts: Pick<JobBase, 'id' | 'name' | 'priority' | 'workers'>, now: Instant): OpenJob {
  const { id, name, priority, workers } = facts
  return { id, name, priority, workers, addedAt: now, state: 'open', wakeAt: nextLook(workers, now) }
}

/** All parts are stored. It is asked at once: they may all be done, or there may be none. */
export function seal(job: OpenJob, total: number, now: Instant): MappingJob {
  return { ...baseOf(job), state: 'mapping', total, wakeAt: now }
}

/** Whether parts may be missing: it is open, or it ended while they were being added. */
export function lacksParts(job: Job): job is OpenJob | FailedJob | CancelledJob {
  return job.state === 'open' || job.total === null
}

/** All parts are stored of a job that ended meanwhile: it stays so, and can be resumed from now on. */
export function complement<Over extends FailedJob | CancelledJob>(job: Over, total: number): Over {
  return { ...job, total }
}

/** How many failed parts are too many: `threshold` is a number of parts, or, below 1, a share of all of them. */
export function failedAllowed(threshold: number, total: number | null): number {
  if (threshold >= 1 || threshold === 0) return threshold
  // Before the last part is added nobody knows what a share of them comes to.
  return total === null ? Number.POSITIVE_INFINITY : Math.floor(threshold * total)
}

/** What becomes of a job when its parts were looked at. A job that is not waiting for its parts stays as it is. */
export function judge<Waiting extends OpenJob | MappingJob>(
  job: Waiting,
  seen: PartsSeen,
  threshold: number,
  now: Instant,
): Waiting | MappingJob | ReducingJob | FailedJob {
  const total = job.state === 'open' ? null : job.total
  if (seen.failure && (seen.failsJob || seen.failed > failedAllowed(threshold, total))) {
    return fail(job, seen.failure, now)
  }
  if (job.state === 'open' || seen.open) return { ...job, wakeAt: nextLook(job.workers, now) }
  return { ...baseOf(job), state: 'reducing', total: job.total, wakeAt: now }
}

/** The first failure stays: a job that has failed cannot fail again. */
export function fail(job: OpenJob | MappingJob | ReducingJob, failure: JobFailure, now: Instant): FailedJob {
  return { ...baseOf(job), state: 'failed', total: totalOf(job), doneAt: now, failure }
}

/** A dispatch has nothing to reduce: it ends with its report. */
export function complete(job: ReducingJob, result: unknown, now: Instant): CompletedJob {
  return { ...baseOf(job), state: 'completed', total: job.total, doneAt: now, result }
}

/** A dispatch to the same consumer: what it did before stands in its parts. */
export function beginAgain(job: Job, workers: number, now: Instant): OpenJob {
  return { ...baseOf(job), workers, state: 'open', wakeAt: nextLook(workers, now) }
}

/** Parts that had not begun are skipped; those that run learn of it at their next beat. */
export function cancel(job: OpenJob | MappingJob | ReducingJob, now: Instant): CancelledJob {
  return { ...baseOf(job), state: 'cancelled', total: totalOf(job), doneAt: now }
}

/** By hand, once its failed and skipped parts were opened again. One that lacks parts has to be run again before. */
export function resume(job: FailedJob | CancelledJob, now: Instant): MappingJob | undefined {
  if (job.total === null) return undefined
  return { ...baseOf(job), state: 'mapping', total: job.total, wakeAt: now }
}

/** What share of its parts is done, and a percentage that says 100 only when all of them are. */
export function progressOf(total: number, remaining: number): { fraction: number; percent: number } {
  const fraction = total === 0 ? 1 : (total - remaining) / total
  return { fraction, percent: remaining > 0 ? Math.min(99, Math.floor(fraction * 100)) : 100 }
}

function nextLook(workers: number | null, now: Instant): Instant {
  return now + (workers === null ? askAgainMs : askAgainWithSlotsMs)
}

function totalOf(job: Job): number | null {
  return job.state === 'open' ? null : job.total
}

function baseOf(job: Job): JobBase {
  const { id, name, priority, workers, addedAt } = job
  return { id, name, priority, workers, addedAt }
}
