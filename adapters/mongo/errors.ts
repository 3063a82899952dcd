/** What the driver's and the server's errors mean to a caller. */
import { StorageError, type StorageErrorCode } from '../../src/storage/index.ts'

// https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
const UNAUTHORIZED = 13
const AUTHENTICATION_FAILED = 18
const ILLEGAL_OPERATION = 20
const INDEX_OPTIONS_CONFLICT = 85
const INDEX_KEY_SPECS_CONFLICT = 86
const COMMAND_NOT_SUPPORTED_ON_VIEW = 166
const ATLAS_ERROR = 8000

const MEANINGS: ReadonlyMap<unknown, string> = new Map([
  [UNAUTHORIZED, 'The MongoDB user lacks a right (the role `readWrite` on the database has all that is needed)'],
  [AUTHENTICATION_FAILED, 'MongoDB refuses the user name or the password'],
  [ATLAS_ERROR, 'MongoDB Atlas refuses the user'],
  [INDEX_OPTIONS_CONFLICT, 'An index stands in the way of one of piecework, with other options'],
  [INDEX_KEY_SPECS_CONFLICT, 'An index has the name of one of piecework, with other keys'],
  [COMMAND_NOT_SUPPORTED_ON_VIEW, 'The collection of rows is a view'],
])

/** The driver refuses these before it sends anything. By name, since another copy of the driver has its own classes. */
const CLOSED = new Set([
  'MongoNotConnectedError',
  'MongoTopologyClosedError',
  'MongoClientClosedError',
  'MongoServerClosedError',
  'MongoPoolClosedError',
])

/**
 * The error to throw for one that a call met. `mayHaveWritten`: something that writes was sent before; then even an error
 * that did nothing itself leaves the outcome of the whole call unknown.
 */
export function meaningOf(error: unknown, mayHaveWritten: boolean): unknown {
  if (!(error instanceof Error) || error instanceof StorageError || error instanceof TypeError) return error
  const meaning = MEANINGS.get(codeOf(error))
  if (meaning !== undefined) return storageError('not_usable', meaning, error)
  if (isNoReplicaSet(error)) {
    return storageError('not_usable', 'Transactions need a replica set, and this MongoDB server is standalone', error)
  }
  if (mayHaveWritten) return error
  if (CLOSED.has(error.name)) return storageError('closed', 'The MongoDB client was closed before this call', error)
  return storageError('busy', 'MongoDB does not answer, and nothing was written', error)
}

/** No server could be chosen, so nothing was sent. */
export function wasNotSent(error: unknown): boolean {
  return error instanceof Error && (error.name === 'MongoServerSelectionError' || CLOSED.has(error.name))
}

/** The server's number for what went wrong. A client that promotes no values gives an object that turns into it. */
export function codeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  const code = Number(error.code)
  return Number.isNaN(code) ? undefined : code
}

function isNoReplicaSet(error: Error): boolean {
  if (codeOf(error) === ILLEGAL_OPERATION) return /Transaction numbers are only allowed/.test(error.message)
  return error.name === 'MongoCompatibilityError' && /does not support (sessions|transactions)/i.test(error.message)
}

function storageError(code: StorageErrorCode, message: string, cause: Error): StorageError {
  return new StorageError(code, `${message}: ${withoutSecrets(cause.message)}`, { cause })
}

/** Drivers quote the URL that they cannot read; what stands before its host may be a user name and a password. */
export function withoutSecrets(message: string): string {
  return message.replace(/\/\/\S*@/g, '//***@')
}
