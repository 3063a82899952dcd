/** What an adapter throws when it knows more than "outcome unknown". */

/**
 * Whatever the code, it says that nothing of this call was done, or that the storage is no longer to be used at all: a
 * worker takes a claim that ended so for one that was never made. Where a part of a batch may have been written, an
 * adapter throws any other error, as it does where it cannot know.
 *
 * - `newer_schema`: a later version of the adapter made this storage; nothing was written.
 * - `not_usable`: the place cannot serve as a storage (no such server, no rights, damaged, wrong engine version).
 * - `busy`: nothing was done; the same call may succeed later.
 * - `closed`: the storage was closed before; nothing was done.
 * - `missing_driver`: the database client that this adapter needs is not installed or not in this Node version.
 */
export type StorageErrorCode = 'newer_schema' | 'not_usable' | 'busy' | 'closed' | 'missing_driver'

/** Thrown by adapters. `code` says what is known of the outcome; `cause` is the driver's own error. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageErrorCode

  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
