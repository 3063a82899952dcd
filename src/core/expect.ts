/** Checks at the door. A caller's mistake is a TypeError that names the option, what was expected, and what came. */
import { cut } from './text.ts'

/** `Expected `limit` to be an integer from 1 and up, got `0` (number)` */
export function expected(option: string, expectation: string, value: unknown): TypeError {
  return new TypeError(`Expected \`${option}\` to be ${expectation}, got ${shown(value)}`)
}

/** A value as a short piece of an error message. Never throws, whatever the value does. */
export function shown(value: unknown): string {
  if (value === undefined) return '`undefined`'
  if (value === null) return '`null`'
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object') {
    const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
    return `\`${text.length > 60 ? `${cut(text, 57)}...` : text}\` (${typeof value})`
  }
  try {
    if (value instanceof Date) return shownDate(value)
  } catch {
    // A proxy may refuse even to say what it is.
  }
  return kindOf(value)
}

function shownDate(date: Date): string {
  const time = date.getTime()
  return Number.isNaN(time) ? 'an invalid Date' : `the Date ${date.toISOString()}`
}

/** What kind of object this is, in words: "an array", "a Date", "an object". */
export function kindOf(value: object): string {
  try {
    if (Array.isArray(value)) return 'an array'
    const name: unknown = value.constructor?.name
    if (typeof name !== 'string' || name === '' || name === 'Object') return 'an object'
    return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${cut(name, 60)}`
  } catch {
    return 'an object that cannot be read'
  }
}

export function expectInteger(option: string, value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} and up` : `from ${min} to ${max}`
  throw expected(option, `an integer ${range}`, value)
}

export function expectNumber(option: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw expected(option, `a number from ${min} to ${max}`, value)
}

export function expectBoolean(option: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw expected(option, 'true or false', value)
}

export function expectFunction<T>(option: string, value: T): T {
  if (typeof value === 'function') return value
  throw expected(option, 'a function', value)
}

/** A plain object of options without a key that is not known: a misspelt option must not be silently ignored. */
export function expectOptions<T extends object>(option: string, value: T, known: readonly (keyof T & string)[]): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw expected(option, 'an object', value)
  for (const key of Object.keys(value)) {
    if (!(known as readonly string[]).includes(key)) {
      throw new TypeError(`Expected \`${option}\` to hold only ${known.join(', ')}, got \`${key.slice(0, 60)}\``)
    }
  }
  return value
}
