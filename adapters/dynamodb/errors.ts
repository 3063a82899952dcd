/** What DynamoDB's errors mean: to the one who may try again, and to the caller. */
import { StorageError } from '../../src/storage/index.ts'
import type { Item } from './attributes.ts'

/**
 * - `condition`: the condition of a write was false; nothing was written.
 * - `refused`: throttled, or in conflict with a transaction under way; nothing was written, and it may be tried again.
 * - `lost`: no answer, or one that says nothing about the outcome; it may be tried again by whoever knows his own writes.
 * - `unusable`: no table, no rights, no credentials; nothing was written.
 * - `other`: everything else.
 */
export type Meaning = 'condition' | 'refused' | 'lost' | 'unusable' | 'other'

const REFUSED = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'Throttling',
  'RequestLimitExceeded',
  'RequestThrottled',
  'TransactionConflictException',
  'TransactionInProgressException',
  'ReplicatedWriteConflictException',
])

const LOST = new Set([
  'AbortError',
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  'InternalServerError',
  'InternalFailure',
  'ServiceUnavailable',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOTFOUND',
  'ERR_SOCKET_CONNECTION_TIMEOUT',
])

const UNUSABLE = new Set([
  'ResourceNotFoundException',
  'AccessDeniedException',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'IncompleteSignatureException',
  'IncompleteSignature',
  'MissingAuthenticationTokenException',
  'MissingAuthenticationToken',
  'ExpiredTokenException',
  'ExpiredToken',
  'InvalidClientTokenId',
  'CredentialsProviderError',
  'TokenProviderError',
  'OptInRequired',
])

/** An error of the SDK, as far as it is looked at: several versions of the SDK may be installed side by side. */
interface Described {
  readonly name: string
  readonly message: string
  readonly code?: unknown
  readonly Item?: Item
  readonly CancellationReasons?: readonly Reason[]
  readonly $metadata?: { readonly httpStatusCode?: number }
}

/** Why one part of a transaction kept it from being done; `None` where it did not. */
export interface Reason {
  readonly Code?: string | undefined
  readonly Item?: Item | undefined
}

export function meaningOf(error: unknown): Meaning {
  if (!isDescribed(error)) return 'other'
  if (error.name === 'ConditionalCheckFailedException') return 'condition'
  if (error.name === 'TransactionCanceledException') return meaningOfReasons(error.CancellationReasons ?? [])
  const words = [error.name, error.code]
  if (words.some((word) => REFUSED.has(String(word)))) return 'refused'
  if (words.some((word) => UNUSABLE.has(String(word)))) return 'unusable'
  if (/region is missing|does not have the specified index/i.test(error.message)) return 'unusable'
  if (words.some((word) => LOST.has(String(word)))) return 'lost'
  return (error.$metadata?.httpStatusCode ?? 0) >= 500 ? 'lost' : 'other'
}

/** A false condition decides, whatever else there was; without one, conflicts and throttling pass. */
function meaningOfReasons(reasons: readonly Reason[]): Meaning {
  const codes = reasons.map(({ Code }) => Code ?? 'None')
  if (codes.includes('ConditionalCheckFailed')) return 'condition'
  const passing = ['None', 'TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']
  return codes.length > 0 && codes.every((code) => passing.includes(code)) ? 'refused' : 'other'
}

/** The condition of a write was false. After a try whose answer was lost, that may be the doing of this very write. */
export class FalseCondition extends Error {
  override readonly name = 'FalseCondition'
  readonly isRepeated: boolean

  constructor(cause: unknown, isRepeated: boolean) {
    super('The condition of a write was false', { cause })
    this.isRepeated = isRepeated
  }
}

/** The item that a false condition found, where the server sent it. */
export function itemIn(error: unknown): Item | undefined {
  return isDescribed(error) ? error.Item : undefined
}

export function reasonsIn(error: unknown): readonly Reason[] {
  return isDescribed(error) ? (error.CancellationReasons ?? []) : []
}

/** What the caller gets for an error that stays. `mayHaveWritten`: one of its tries was a write without an answer. */
export function errorFor(error: unknown, table: string, mayHaveWritten: boolean): unknown {
  if (!isDescribed(error) || error instanceof StorageError) return error
  const about = `${error.name}: ${error.message}`
  if (mayHaveWritten) {
    return new Error(`DynamoDB did not answer, and what became of the write is not known: ${about}`, { cause: error })
  }
  switch (meaningOf(error)) {
    case 'refused':
      return new StorageError('busy', `DynamoDB refuses more work for the moment: ${about}`, { cause: error })
    case 'unusable':
      return new StorageError('not_usable', `The table ${table} cannot be used: ${about}${cureOf(error.name)}`, {
        cause: error,
      })
    case 'lost':
      // A question that got no answer changed nothing.
      return new StorageError('busy', `DynamoDB did not answer: ${about}`, { cause: error })
    default:
      return error
  }
}

function cureOf(name: string): string {
  if (name !== 'ResourceNotFoundException') return ''
  return '. Create it with `createTable(client, { table })` of piecework/dynamodb, or by the templates in docs/dynamodb.md, and check the region'
}

function isDescribed(error: unknown): error is Described {
  return typeof error === 'object' && error !== null && 'name' in error && 'message' in error
}
