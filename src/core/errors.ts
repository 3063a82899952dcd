/** The errors that Piecework throws, and the one that a handler throws to say "do not try again". */

/**
 * What went wrong while operating, as a stable word.
 *
 * - `not_found`: no row has this id.
 * - `storage_failed`: the storage kept failing; `cause` is its last error. What became of the write is not known; where
 *   `ids` are given, repeating the call with them is harmless.
 * - `too_large`: what should be stored is over the storage's `rowMaxBytes`.
 * - `stopped`: this instance was stopped.
 * - `contended`: others kept changing the row while this call tried to.
 * - `not_defined`: it is there, but of a definition that this instance was not given.
 * - `not_completed`: what should be read from is not completed yet, or failed.
 * - `superseded`: another dispatch with the same id has begun; this one cannot end.
 * - `missing_driver`: a package that is not installed is needed for it; the message says which.
 */
export type PieceworkErrorCode =
  | 'not_found'
  | 'storage_failed'
  | 'too_large'
  | 'stopped'
  | 'contended'
  | 'not_defined'
  | 'not_completed'
  | 'superseded'
  | 'missing_driver'

/** An operating error: nothing that the caller could have checked before. */
export class PieceworkError extends Error {
  override readonly name: string = 'PieceworkError'
  readonly code: PieceworkErrorCode
  /** The ids that the failed call would have stored, so that the caller can repeat it without a second row. */
  readonly ids: readonly string[]

  constructor(code: PieceworkErrorCode, message: string, options?: ErrorOptions & { ids?: readonly string[] }) {
    super(message, options)
    this.code = code
    this.ids = options?.ids ?? []
  }
}

/** Thrown by a handler: the task fails at once, whatever its retry policy says (m01's "nice" error). */
export class FatalError extends Error {
  override readonly name: string = 'FatalError'
}

/** A value that JSON cannot keep faithfully. `path` says where in the value, as in `$.items[3].date`. */
export class PayloadError extends TypeError {
  override readonly name = 'PayloadError'
  readonly path: string

  constructor(path: string, found: string) {
    super(`Expected a value that JSON keeps faithfully, got ${found} at ${path}`)
    this.path = path
  }
}

/** The reason of a signal when a task ran longer than its `timeout`, and the error that is recorded for it. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError'
}

/** The reason of a signal when the task is no longer this worker's: the lease ran out, or somebody cancelled it. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'
}

/** The reason of a signal when the worker was told to stop and its patience is over. */
export class StoppingError extends Error {
  override readonly name = 'StoppingError'
}

/** The error that is recorded for an attempt whose process vanished: it left no other trace. */
export class CrashedError extends Error {
  override readonly name = 'CrashedError'
}
