/**
 * A Task waits, runs, and ends completed, failed or cancelled. Nothing here reads a clock or touches a storage.
 *
 * Attempts are counted when a task is claimed, in the same write, so an attempt that kills its process counts as well.
 * Such an attempt records nothing: `attempts - failures` that are not under way is the number of crashes.
 */
import type { Instant } from './duration.ts'
import { appended, describeError, type ErrorRecord, withoutStack } from './error-record.ts'
import { CrashedError } from './errors.ts'
import { decide, type RetryPolicy } from './retry.ts'
import type { SlotNotes } from './slot.ts'

interface TaskBase {
  readonly id: string
  readonly name: string
  readonly priority: number
  /** How many attempts were begun and not given back. */
  readonly attempts: number
  /** How many of them ended badly and left a record. */
  readonly failures: number
  /** How many of them were seen to have vanished with their process. */
  readonly crashes: number
  readonly addedAt: Instant
  /** When it was meant to run; stays the same through retries (Party's timestamp). */
  readonly runAt: Instant
  /** Of a recurring task: when it last ended well. */
  readonly lastRunAt?: Instant | undefined
  /** The records of bad attempts, oldest first, kept over a retry by hand. */
  readonly errors: readonly ErrorRecord[]
  /** The first lines logged by the last attempt. */
  readonly logs: readonly string[]
  /** What the last attempt last reported. */
  readonly progress: unknown
  /** Of a part: what it knows of its job's slots. */
  readonly slot?: SlotNotes | undefined
}

/** Added but not released: it never becomes due by itself. */
export interface HeldTask extends TaskBase {
  readonly state: 'held'
}

/** Due at `wakeAt`: at its time, after a failure's delay, or after a snooze; of a recurring task, at its next run. */
export interface WaitingTask extends TaskBase {
  readonly state: 'waiting'
  readonly wakeAt: Instant
}

/** Claimed; its lease ends at `wakeAt`. `attempts` counts this one. */
export interface RunningTask extends TaskBase {
  readonly state: 'running'
  readonly wakeAt: Instant
}

export interface CompletedTask extends TaskBase {
  readonly state: 'completed'
  readonly doneAt: Instant
  readonly result: unknown
  /** Which attempt's items count: the fence they were emitted under, and how many there are. */
  readonly items: { readonly fence: number; readonly count: number } | null
}

/**
 * - `exhausted`: the retry policy said stop.
 * - `fatal`: the handler threw a FatalError.
 * - `fails_job`: a part's error is one of its job's `failOn`.
 * - `crashed`: the process vanished too often while it ran.
 * - `invalid_input`: what is stored does not fit the definition: its schema, or that it is a job's.
 * - `unstorable`: the result is not faithful JSON. `too_large`: it does not fit into a row.
 */
export type FailureReason =
  | 'exhausted'
  | 'fatal'
  | 'fails_job'
  | 'crashed'
  | 'invalid_input'
  | 'unstorable'
  | 'too_large'

export interface FailedTask extends TaskBase {
  readonly state: 'failed'
  readonly doneAt: Instant
  readonly reason: FailureReason
}

export interface CancelledTask extends TaskBase {
  readonly state: 'cancelled'
  readonly doneAt: Instant
}

/** Only a part is skipped: its job failed before its body ran, or was cancelled. It is to be done if its job goes on. */
export interface SkippedTask extends TaskBase {
  readonly state: 'skipped'
  readonly doneAt: Instant
}

export type Task = HeldTask | WaitingTask | RunningTask | CompletedTask | FailedTask | CancelledTask | SkippedTask
export type TaskState = Task['state']

/** Every move a task makes, with what makes it. The documentation, the assertions and the properties read this table. */
export const taskMoves = {
  held: { waiting: 'release', cancelled: 'cancel', skipped: 'a part whose job failed or was cancelled' },
  waiting: {
    held: 'its job is resumed',
    running: 'claim',
    waiting: 'retry (due now)',
    cancelled: 'cancel',
    skipped: 'a part whose job failed or was cancelled',
  },
  running: {
    running: 'a lapsed lease is claimed; progress',
    waiting: 'a failure to be retried, snooze, given back; a good end that set a next run',
    completed: 'a good end',
    failed: 'no attempt is left, or the failure is final',
    cancelled: 'cancel',
    skipped: 'a part whose job failed or was cancelled',
  },
  completed: {},
  failed: { waiting: 'retry', held: 'its job is resumed' },
  cancelled: { waiting: 'retry', held: 'its job is resumed' },
  skipped: { held: 'its job is resumed', waiting: 'its job goes on', cancelled: 'its dispatch begins again' },
} as const satisfies Record<TaskState, Partial<Record<TaskState, string>>>

/** How an attempt ended, as the runner reports it. */
export type Verdict =
  | {
      readonly kind: 'good'
      readonly result: unknown
      readonly items: CompletedTask['items']
      /** Of a recurring task: when it runs again. */
      readonly nextRunAt?: Instant
    }
  | { readonly kind: 'bad'; readonly error: unknown }
  | { readonly kind: 'final'; readonly error: unknown; readonly reason: Exclude<FailureReason, 'exhausted'> }
  | { readonly kind: 'snoozed'; readonly delayMs: number }
  | { readonly kind: 'given_back'; readonly delayMs: number }

/** What the definition says about failure. */
export interface FailureRules {
  readonly retry: RetryPolicy
  readonly maxCrashes: number
  readonly random: () => number
}

const none: readonly never[] = []

/** A task as it is added: waiting for its time, or held until somebody releases it. */
export function newTask(
  facts: Pick<TaskBase, 'id' | 'name' | 'priority' | 'runAt'> & { readonly hold: boolean },
  now: Instant,
): HeldTask | WaitingTask {
  const { id, name, priority, runAt, hold } = facts
  const counts = { attempts: 0, failures: 0, crashes: 0 }
  const base = { id, name, priority, ...counts, addedAt: now, runAt, errors: none, logs: none, progress: undefined }
  return hold ? { ...base, state: 'held' } : { ...base, state: 'waiting', wakeAt: runAt }
}

/** A held task becomes due, at its time or at once if that has passed. */
export function release(task: HeldTask): WaitingTask {
  return { ...baseOf(task), state: 'waiting', wakeAt: task.runAt }
}

/**
 * The first thing that a claimed task goes through: if holders vanished since it was last written, that is counted,
 * recorded, and judged like a failure. The lease that ran out was the wait, so a retry begins at once.
 */
export function begin(task: RunningTask, rules: FailureRules, now: Instant): RunningTask | FailedTask {
  const crashes = task.attempts - 1 - task.failures
  if (crashes <= task.crashes) return task
  const vanished = task.attempts - 1
  const error = describeError(new CrashedError(vanishedHow(crashes - task.crashes)), vanished, now)
  const seen = { ...task, crashes, errors: appended(task.errors, withoutStack(error)) }
  const stop =
    crashes > rules.maxCrashes || decide(rules.retry, { attempt: vanished, error, random: rules.random }) === 'stop'
  // This attempt is given back: it was claimed only to be told that there is no other.
  return stop ? failed({ ...seen, attempts: vanished }, 'crashed', now) : seen
}

/** The end of an attempt. */
export function settle(
  task: RunningTask,
  verdict: Verdict,
  rules: FailureRules,
  now: Instant,
): WaitingTask | CompletedTask | FailedTask {
  switch (verdict.kind) {
    case 'good':
      if (verdict.nextRunAt !== undefined) return recur(task, verdict.nextRunAt, now)
      return { ...baseOf(task), state: 'completed', doneAt: now, result: verdict.result, items: verdict.items }
    case 'snoozed':
    case 'given_back':
      return { ...task, state: 'waiting', attempts: task.attempts - 1, wakeAt: now + verdict.delayMs }
    case 'final':
      return failed(recorded(task, verdict.error, now), verdict.reason, now)
    case 'bad': {
      const seen = recorded(task, verdict.error, now)
      const error = seen.errors.at(-1)!
      const delayMs = decide(rules.retry, { attempt: task.attempts, error, random: rules.random })
      if (delayMs === 'stop') return failed(seen, 'exhausted', now)
      return { ...seen, state: 'waiting', wakeAt: now + delayMs }
    }
  }
}

/** As if it were added anew, but with its id and its key: no second one may come to be between two runs. */
function recur(task: RunningTask, runAt: Instant, now: Instant): WaitingTask {
  const anew = { attempts: 0, failures: 0, crashes: 0, errors: none, progress: undefined }
  return { ...baseOf(task), ...anew, state: 'waiting', runAt, wakeAt: runAt, lastRunAt: now }
}

/** Whether it waits after a good end, and not after a failure or because it was given back. */
export function hasRecurred(before: RunningTask, after: Task): boolean {
  // Two runs may end in the same millisecond, and a task may be run before its time and set the same one again.
  return after.state === 'waiting' && (after.lastRunAt !== before.lastRunAt || after.runAt !== before.runAt)
}

/** Whoever runs it learns of it at its next beat or write; its outcome will not be recorded. */
export function cancel(task: HeldTask | WaitingTask | RunningTask | SkippedTask, now: Instant): CancelledTask {
  return { ...baseOf(task), state: 'cancelled', doneAt: now }
}

/**
 * By hand: a waiting task becomes due at once; one that failed or was cancelled begins anew with all its attempts, its
 * error records kept. A completed task is never run again (Party Y13).
 */
export function retry(task: WaitingTask | FailedTask | CancelledTask | SkippedTask, now: Instant): WaitingTask {
  if (task.state === 'waiting') return { ...task, wakeAt: Math.min(task.wakeAt, now) }
  const anew = { attempts: 0, failures: 0, crashes: 0, logs: [], progress: undefined }
  return { ...baseOf(task), ...anew, state: 'waiting', wakeAt: now }
}

/** What is true in every state: a move must not carry a field of the old state over. */
export function baseOf(task: Task): TaskBase {
  const { id, name, priority, attempts, failures, crashes, addedAt, runAt, lastRunAt, errors, logs, progress, slot } =
    task
  return { id, name, priority, attempts, failures, crashes, addedAt, runAt, lastRunAt, errors, logs, progress, slot }
}

function recorded(task: RunningTask, error: unknown, now: Instant): RunningTask {
  const record = describeError(error, task.attempts, now)
  return { ...task, failures: task.failures + 1, errors: appended(task.errors, record) }
}

function failed(task: RunningTask, reason: FailureReason, now: Instant): FailedTask {
  return { ...baseOf(task), state: 'failed', doneAt: now, reason }
}

function vanishedHow(times: number): string {
  return `the process vanished while it ran this task${times > 1 ? `, ${times} times in a row` : ''}`
}
