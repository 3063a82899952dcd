/**
 * Reservation ids: fresh for each reservation, and they say whose it is.
 *
 * As text `worker:a1b2c3d4e5#1f`, the worker before the `#`. In a column of uuids, or one that is too short for text, a
 * uuid of version 8 (the app's own kind): its first three groups are the worker's, the rest is the reservation's.
 */

/** How many characters of a uuid are the worker's, without the dash after them. */
export const uuidWorkerLength = 18

/** What kind of ids a column takes. */
export type TokenKind = 'text' | 'uuid'

/** The most characters that a text token has: see {@link maxWorkerLength}. */
export const maxTokenLength = 64

/** A worker's part of a text token; ten for its own number in base 36, and the `#`. */
export const maxWorkerLength = maxTokenLength - 11

/** What all tokens of a worker begin with, of which no other worker's does. */
export function tokenPrefix(worker: string, kind: TokenKind, hash: (text: string) => string): string {
  if (kind === 'text') return `${worker}#`
  const digits = hash(worker)
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(12, 15)}-`
}

/** Makes the tokens of one worker. `draw` gives that many random bytes. */
export function tokenMaker(prefix: string, kind: TokenKind, draw: (bytes: number) => Uint8Array): () => string {
  let made = 0
  if (kind === 'text') return () => `${prefix}${(++made).toString(36)}`
  return () => {
    const digits = Array.from(draw(8), (byte) => byte.toString(16).padStart(2, '0')).join('')
    // The `a` stands for the variant of RFC 9562.
    return `${prefix}a${digits.slice(1, 4)}-${digits.slice(4)}`
  }
}

/** Whose reservation it is, as far as its id says. */
export function workerOf(token: string): string {
  const end = token.indexOf('#')
  return end >= 0 ? token.slice(0, end) : token.slice(0, uuidWorkerLength)
}
