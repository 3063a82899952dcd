/** What goes back: JSON that no browser takes for anything else, and errors in one form. */
import { PayloadError, PieceworkError, type PieceworkErrorCode, StorageError } from '../index.ts'

/** Longer messages are cut: what a caller sent may be among their words. */
const longestMessage = 500

/** Of all answers. Nothing that is answered is a page, is to be kept, or is to be shown inside another. */
export const safeHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
}

/** Something that the caller has to be told, with the status that says so. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** JSON in which a `<` is written as its number, so that it is no markup wherever it is pasted. */
export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  const body = JSON.stringify(value).replaceAll('<', '\\u003c')
  return new Response(body, { status, headers: { ...headers, 'content-type': 'application/json; charset=utf-8' } })
}

/** The answer to an error of any kind. */
export function problemAnswer(error: unknown): Response {
  const { status, code, message, headers } = problemOf(error)
  const text = message.length > longestMessage ? `${message.slice(0, longestMessage - 3)}...` : message
  return json({ error: { code, message: text.toWellFormed() } }, status, headers)
}

/** Those that are not here are the caller's to resolve: 409. */
const statuses: Partial<Record<PieceworkErrorCode, number>> = {
  not_found: 404,
  too_large: 413,
  storage_failed: 503,
  stopped: 503,
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof PieceworkError) return new Problem(statuses[error.code] ?? 409, error.code, error.message)
  // What the library says of a bad argument. Any other TypeError is somebody's mistake inside, and not the caller's.
  if (error instanceof PayloadError || (error instanceof TypeError && error.message.startsWith('Expected `'))) {
    return new Problem(400, 'bad_request', error.message)
  }
  // A driver's message may hold an address or a password.
  const what = error instanceof StorageError ? 'The storage cannot be used now' : 'This could not be done now'
  return new Problem(503, 'unavailable', what)
}
