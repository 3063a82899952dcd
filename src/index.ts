/** The front door: every public name of `piecework` on one screen. */
export { type Duration, durationMs, type Instant } from './core/duration.ts'
export { type ErrorRecord, formatError } from './core/error-record.ts'
export {
  CrashedError,
  FatalError,
  LeaseLostError,
  PayloadError,
  PieceworkError,
  type PieceworkErrorCode,
  StoppingError,
  TimeoutError,
} from './core/errors.ts'
export { type JobFailure, type JobState, jobMoves } from './core/job.ts'
export { type CheckAnswer, itemsCheck, type Outcome, type SuccessCheck } from './core/outcome.ts'
export {
  type AttemptFacts,
  type ExponentialOptions,
  exponential,
  type FixedOptions,
  fixed,
  type LinearOptions,
  linear,
  never,
  type RetryPolicy,
  retryPresets,
} from './core/retry.ts'
export { type FailureReason, type TaskState, taskMoves } from './core/task.ts'
export type { AddOptions, ThroughOptions } from './runner/add-options.ts'
export type { Added } from './runner/adder.ts'
export type { Cancel, Clock } from './runner/clock.ts'
export type { Log, TaskContext } from './runner/context.ts'
export {
  type FileTaskOptions,
  type Id,
  type NewTask,
  type TaskDefinition,
  type TaskOptions,
  task,
} from './runner/definition.ts'
export type { DispatchOptions, ItemSource } from './runner/dispatch/options.ts'
export type { DispatchReport, Refusal } from './runner/dispatch/report.ts'
export { eventNames, type Logger, type PieceworkEvents, type TaskEvent } from './runner/events.ts'
export type { PartContext, ReduceContext } from './runner/jobs/context.ts'
export {
  type Announcement,
  type ErrorClass,
  type JobDefinition,
  type JobOptions,
  job,
} from './runner/jobs/definition.ts'
export type { DispatchRun, PartMessage } from './runner/jobs/face.ts'
export type { JobRun } from './runner/jobs/handle.ts'
export type { JobInfo, JobProgress } from './runner/jobs/info.ts'
export type { JobsOptions } from './runner/jobs/list.ts'
export type { PartPlace, PartReport } from './runner/jobs/outside.ts'
export type { Parts, RunOptions } from './runner/jobs/run-job.ts'
export type { PartResult } from './runner/jobs/view.ts'
export type { PieceworkOptions, RowsOptions } from './runner/options.ts'
export { type Piecework, piecework } from './runner/piecework.ts'
export type { DoneState, Purged, PurgeOptions, PurgeSink } from './runner/purge.ts'
export type { Completion, NextRun } from './runner/recurrence.ts'
export type { Retention } from './runner/retention.ts'
export type { RowContext } from './runner/rows/context.ts'
export {
  type HandingOnDispatcher,
  type HandingOnOptions,
  type RowDispatcher,
  type RowDispatcherOptions,
  type RowDispatcherSettings,
  type RowKey,
  type RunningDispatcher,
  rowDispatcher,
} from './runner/rows/definition.ts'
export type { FunctionContext, LimitedContext, SlotsContext } from './runner/rows/functions.ts'
export type { TaskRun } from './runner/run-task.ts'
export type { Status, StatusOptions } from './runner/status.ts'
export type { StopOptions } from './runner/stop-options.ts'
export type { TaskInfo } from './runner/task-info.ts'
export type { HandlerModule, InputOf, ResultOf, ThreadOptions } from './runner/threads/options.ts'
export type { StopReport } from './runner/worker.ts'
export type { RowCounts, RowSource, WorkerCounts } from './storage/row-source.ts'
export type { Storage, Traits } from './storage/storage.ts'
export { StorageError, type StorageErrorCode } from './storage/storage-error.ts'
