/** What errors of Postgres and of its driver mean to a caller. */
import { StorageError, type StorageErrorCode } from '../../src/storage/index.ts'

/** By SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html: the statement did nothing. */
const MEANINGS: Readonly<Record<string, readonly [code: StorageErrorCode, message: string]>> = {
  '28P01': ['not_usable', 'Postgres refused the user or the password'],
  '28000': ['not_usable', 'Postgres refused the user'],
  '3D000': ['not_usable', 'There is no such database'],
  '42501': ['not_usable', 'The rights of this role do not suffice'],
  '3F000': ['not_usable', 'The schema is missing'],
  '42P01': ['not_usable', 'A table is missing'],
  '42703': ['not_usable', 'A column is missing: another program made or changed the tables'],
  '42883': ['not_usable', 'This server is too old'],
  '42601': ['not_usable', 'This server does not know the statement; it may be too old'],
  '22P05': ['not_usable', 'The database has an encoding that cannot hold every text; it needs UTF8'],
  '25006': ['busy', 'The server takes no writes, as during a fail-over'],
  '40001': ['busy', 'Other transactions were in the way, again and again'],
  '40P01': ['busy', 'Deadlocks with other transactions, again and again'],
  '53300': ['busy', 'The server has no connection left'],
  '55P03': ['busy', 'A lock was held for too long'],
  '57014': ['busy', 'The server cancelled the statement, for its time limit or by hand'],
  '57P03': ['busy', 'The server is starting up or shutting down'],
}

const RETRIED = new Set(['40001', '40P01'])

/** The statement was rolled back because of others; the same one may succeed. */
export function isRetried(error: unknown): boolean {
  return RETRIED.has(codeOf(error))
}

/** Whether what the statement names is not there. */
export function isMissing(error: unknown): boolean {
  return ['42P01', '3F000'].includes(codeOf(error))
}

/** The error to throw for one that came of a statement. Where nothing is known of the outcome, it has no code. */
export function meaningOf(error: unknown): unknown {
  if (error instanceof StorageError || error instanceof TypeError) return error
  const meaning = MEANINGS[codeOf(error)]
  if (meaning !== undefined) return new StorageError(meaning[0], `${meaning[1]}: ${messageOf(error)}`, { cause: error })
  return new Error(`Postgres did not answer as it should: ${messageOf(error)}`, { cause: error })
}

/**
 * The error to throw when no connection was to be had, so that surely nothing was done. A server that was never
 * reached is taken for a wrong address; one that was, for one that comes back.
 */
export function meaningOfNoConnection(error: unknown, wasReached: boolean): unknown {
  if (error instanceof StorageError) return error
  const [code, message] = MEANINGS[codeOf(error)] ?? [
    wasReached ? 'busy' : 'not_usable',
    'Postgres could not be reached',
  ]
  return new StorageError(code, `${message}: ${messageOf(error)}`, { cause: error })
}

export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // Several addresses of one host fail together, and their common error says nothing itself.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join(', ')
  return error.message
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
