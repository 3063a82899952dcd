/**
 * A part is a task of a job. Its id is derived, so that adding it again is harmless, and sorts in the order of the parts;
 * it may be skipped when its job is over, and held again when that goes on.
 */
import type { Instant } from './duration.ts'
import {
  baseOf,
  type CancelledTask,
  type FailedTask,
  type HeldTask,
  type RunningTask,
  retry,
  type SkippedTask,
  type WaitingTask,
} from './task.ts'

/** No definition's name begins so: it is kept for rows of the library's own. */
const partPrefix = '~part '
const dispatchPrefix = '~dispatch '

/** Digits of an index in an id: a job may have a hundred million parts. */
const digits = 8

export const maxParts = 10 ** digits

export function partId(jobId: string, index: number): string {
  return `${jobId}/${String(index).padStart(digits, '0')}`
}

/** The id of a row by what a person may write: `job/7` is the part `job/00000007`. */
export function rowId(id: string): string {
  const [, jobId, index] = /^([^/]+)\/(\d{1,8})$/.exec(id) ?? []
  return jobId === undefined ? id : partId(jobId, Number(index))
}

/** The index in a part's id; `undefined` for any other id. */
export function indexOfPart(id: string): number | undefined {
  const suffix = id.slice(id.lastIndexOf('/') + 1)
  return id.includes('/') && suffix.length === digits && /^\d+$/.test(suffix) ? Number(suffix) : undefined
}

/** The name of a job's parts in their rows. They are claimed by it, and counted apart from the job's own row. */
export function partName(jobName: string): string {
  return partPrefix + jobName
}

/** The name of the job that a task's dispatches are. Its parts have the task's own name. */
export function dispatchName(taskName: string): string {
  return dispatchPrefix + taskName
}

/** Whether rows of this name are jobs, or parts of one: as far as a name can tell. */
export function kindOfName(rowName: string): 'parts' | 'dispatches' | undefined {
  if (rowName.startsWith(partPrefix)) return 'parts'
  return rowName.startsWith(dispatchPrefix) ? 'dispatches' : undefined
}

/** The definition that a row's name stands for: of a part, its job's; of a dispatch, its task's. */
export function definitionName(rowName: string): string {
  for (const prefix of [partPrefix, dispatchPrefix]) if (rowName.startsWith(prefix)) return rowName.slice(prefix.length)
  return rowName
}

/**
 * The states of parts that are still to be done, as long as their job goes on. That includes a skipped one: somebody
 * skipped it by an older view of a job that was resumed since, and it is opened again when the job wakes.
 */
export const openStates: readonly string[] = ['held', 'waiting', 'running', 'skipped']

/** A part's job has failed or was cancelled: it will not run. An attempt that was claimed and did not begin is given back. */
export function skip(task: HeldTask | WaitingTask | RunningTask, now: Instant): SkippedTask {
  const attempts = task.state === 'running' ? task.attempts - 1 : task.attempts
  return { ...baseOf(task), attempts, state: 'skipped', doneAt: now }
}

/** A part that runs, or whose process vanished, in a job that is over: the attempt was begun, and counts. */
export function skipBegun(task: RunningTask, now: Instant): SkippedTask {
  return { ...baseOf(task), state: 'skipped', doneAt: now }
}

/** A part that was skipped though its job goes on. */
export function unskip(task: SkippedTask, hold: boolean, now: Instant): HeldTask | WaitingTask {
  return hold ? { ...baseOf(task), state: 'held' } : { ...baseOf(task), state: 'waiting', wakeAt: now }
}

/** A part of a job that goes on: it begins anew once its job releases it. */
export function holdAgain(task: WaitingTask | FailedTask | CancelledTask | SkippedTask, now: Instant): HeldTask {
  return { ...baseOf(retry(task, now)), state: 'held' }
}

/**
 * A part that goes on where it was: what it has tried counts, with attempts before the last one that vanished and were
 * not seen to. An attempt that somebody cancelled does not.
 */
export function holdOn(task: HeldTask | WaitingTask | CancelledTask | SkippedTask): HeldTask {
  const { attempts, failures, crashes } = task
  const counted = task.state === 'cancelled' ? Math.max(failures + crashes, attempts - 1) : attempts
  return { ...baseOf(task), attempts: counted, state: 'held' }
}
