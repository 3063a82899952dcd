/** What names, ids and keys may be, so that every storage orders and finds them alike. */
import { expected } from './expect.ts'

/** The longest name of a definition and the longest id that a caller gives. */
export const maxNameLength = 128

/** The longest key, in UTF-16 code units. */
const maxKeyLength = 256

const printable = /^[\x20-\x7e]+$/

/** A definition's name: printable ASCII. `~` at its start is kept for rows of the library's own. */
export function checkName(option: string, value: unknown): string {
  if (typeof value === 'string' && value.length <= maxNameLength && printable.test(value) && value[0] !== '~')
    return value
  throw expected(option, `1 to ${maxNameLength} printable ASCII characters that do not begin with ~`, value)
}

/**
 * An id that the caller chose: printable ASCII. A slash is kept for the children of a row, `~` at the start for rows of
 * the library's own.
 */
export function checkId(option: string, value: unknown): string {
  if (
    typeof value === 'string' &&
    value.length <= maxNameLength &&
    /^[^~/][^/]*$/.test(value) &&
    printable.test(value)
  ) {
    return value
  }
  const expectation = `1 to ${maxNameLength} printable ASCII characters without a slash that do not begin with ~`
  throw expected(option, expectation, value)
}

/** An id to look up: of a task, or of a child such as a part (`job/0`). */
export function checkStoredId(option: string, value: unknown): string {
  if (typeof value === 'string' && value.length <= 2 * maxNameLength && printable.test(value)) return value
  throw expected(option, `the id of a task`, value)
}

/** A key: any well-formed text, compared code unit by code unit. */
export function checkKey(option: string, value: unknown): string {
  if (typeof value === 'string' && value.length >= 1 && value.length <= maxKeyLength && wellFormed(value)) return value
  throw expected(option, `1 to ${maxKeyLength} characters without a NUL or half a surrogate pair`, value)
}

/** The key as it is stored. No name holds a newline, so two definitions never share a stored key. */
export function storedKey(name: string, key: string): string {
  return `${name}\n${key}`
}

/** The caller's key again. */
export function givenKey(name: string, stored: string): string {
  return stored.slice(name.length + 1)
}

// One rule for all adapters: Postgres cannot store a NUL in text, and no database keeps a lone surrogate.
function wellFormed(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}
