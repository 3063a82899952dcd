/** `piecework/core`: the machines and rules, pure. Imports nothing from outside this folder. */
export { type Duration, durationMs, type Instant, instant, maxDurationMs, maxInstant, minInstant } from './duration.ts'
export { describeError, type ErrorRecord, formatError } from './error-record.ts'
export {
  CrashedError,
  FatalError,
  LeaseLostError,
  PayloadError,
  PieceworkError,
  type PieceworkErrorCode,
  StoppingError,
  TimeoutError,
} from './errors.ts'
export { idMaker } from './id.ts'
export { type CheckAnswer, itemsCheck, type Outcome, type SuccessCheck } from './outcome.ts'
export { decode, encode } from './payload.ts'
export * as reservation from './reservation.ts'
export {
  type AttemptFacts,
  decide,
  type ExponentialOptions,
  exponential,
  type FixedOptions,
  fixed,
  type LinearOptions,
  linear,
  never,
  type RetryPolicy,
  retryPresets,
} from './retry.ts'
export * as taskMachine from './task.ts'
export { type FailureReason, type TaskState, taskMoves } from './task.ts'
