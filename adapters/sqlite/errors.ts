/** What SQLite's errors mean to a caller. */
import { StorageError } from '../../src/storage/index.ts'

// Primary result codes, https://sqlite.org/rescode.html
const BUSY = 5
const LOCKED = 6
const READONLY = 8
const IOERR = 10
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const CONSTRAINT = 19
const NOTADB = 26

/** better-sqlite3 gives the code as a word, extended codes with the primary one in front (`SQLITE_BUSY_SNAPSHOT`). */
const WORDS: Readonly<Record<string, number>> = {
  BUSY,
  LOCKED,
  READONLY,
  IOERR,
  CORRUPT,
  FULL,
  CANTOPEN,
  CONSTRAINT,
  NOTADB,
}

const MEANINGS: Readonly<Record<number, (message: string, cause: unknown) => Error>> = {
  [BUSY]: (message, cause) => storageError('busy', `Another connection holds the database: ${message}`, cause),
  [LOCKED]: (message, cause) => storageError('busy', `The database is in use by this connection: ${message}`, cause),
  [READONLY]: (message, cause) => storageError('not_usable', `The database cannot be written: ${message}`, cause),
  [CORRUPT]: (message, cause) => storageError('not_usable', `The database file is damaged: ${message}`, cause),
  [NOTADB]: (message, cause) => storageError('not_usable', `The file is not an SQLite database: ${message}`, cause),
  [CANTOPEN]: (message, cause) => storageError('not_usable', `The database file cannot be opened: ${message}`, cause),
  // No code of the contract fits these two: whether anything was kept is not known to the caller.
  [FULL]: (message, cause) => new Error(`No space is left for the database: ${message}`, { cause }),
  [IOERR]: (message, cause) => new Error(`The database file could not be read or written: ${message}`, { cause }),
}

/** The error to throw for one that a driver threw. */
export function meaningOf(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StorageError) return error
  // Both drivers refuse a closed database with a message of their own, not with a code of SQLite.
  if (/database( connection)? is not open/.test(error.message)) {
    return storageError('closed', 'The database connection was closed before this call', error)
  }
  const meaning = MEANINGS[primaryCode(error)]
  return meaning === undefined ? error : meaning(error.message, error)
}

/** Runs `body` and lets its errors out with their meaning. */
export function withMeaning<T>(body: () => T): T {
  try {
    return body()
  } catch (error) {
    throw meaningOf(error)
  }
}

export function isConstraint(error: unknown): boolean {
  return error instanceof Error && primaryCode(error) === CONSTRAINT
}

export function isBusy(error: unknown): boolean {
  return error instanceof Error && primaryCode(error) === BUSY
}

function primaryCode(error: Error): number {
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode & 0xff
  if (!('code' in error) || typeof error.code !== 'string') return 0
  return WORDS[error.code.split('_')[1] ?? ''] ?? 0
}

function storageError(code: 'busy' | 'closed' | 'not_usable', message: string, cause: unknown): StorageError {
  return new StorageError(code, message, { cause })
}
