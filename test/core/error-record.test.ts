/** Errors as they are kept, whatever was thrown. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeError, type ErrorRecord, formatError } from '../../src/core/error-record.ts'
import { anyText, anyValue } from './any-value.ts'

const at = Date.UTC(2026, 0, 31, 9)

function record(thrown: unknown): ErrorRecord {
  return describeError(thrown, 2, at)
}

/** Every text of a record, by its name. */
function texts(kept: ErrorRecord): [string, string][] {
  return Object.entries(kept).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
}

function expectSound(kept: ErrorRecord): void {
  expect(kept).toMatchObject({ at, attempt: 2, name: expect.any(String), message: expect.any(String) })
  expect(JSON.parse(JSON.stringify(kept))).toEqual(kept)
  const length = texts(kept).reduce((sum, [, text]) => sum + text.length, 0)
  expect(length).toBeLessThan(16_000)
}

const bomb = () => {
  throw new Error('read')
}

const allTraps = { get: bomb, has: bomb, getPrototypeOf: bomb, ownKeys: bomb, getOwnPropertyDescriptor: bomb }

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function circular(): Error {
  const error = new Error('round')
  error.cause = error
  return error
}

function withThrowing(property: string): Error {
  return Object.defineProperty(new Error('x'), property, { get: bomb })
}

function longStack(): Error {
  const error = new Error('long')
  error.stack = 'x'.repeat(50_000_000)
  return error
}

const hostile: [string, unknown, string | undefined][] = [
  ['null', null, 'threw `null`'],
  ['undefined', undefined, 'threw `undefined`'],
  ['a string', 'oops', 'threw `"oops"` (string)'],
  ['a number', Number.NaN, 'threw `NaN` (number)'],
  ['a bigint', 10n, 'threw `10` (bigint)'],
  ['a symbol', Symbol('s'), 'threw `Symbol(s)` (symbol)'],
  ['a function', () => 1, 'threw a function'],
  ['a plain object', { code: 5 }, 'threw an object'],
  ['an object without a prototype', Object.create(null), 'threw an object'],
  ['a message that is no text', { message: { deep: true } }, 'threw an object'],
  ['a proxy that throws at everything', new Proxy({}, allTraps), 'threw an object that cannot be read'],
  ['a proxy of a function that throws at everything', new Proxy(bomb, allTraps), 'threw a function'],
  ['a revoked proxy', revoked(), 'threw an object that cannot be read'],
  ['a frozen error', Object.freeze(new Error('cold')), 'cold'],
  ['an error whose message throws', withThrowing('message'), 'threw an Error'],
  ['an error whose name throws', withThrowing('name'), 'x'],
  ['an error whose stack throws', withThrowing('stack'), 'x'],
  ['an error whose cause throws', withThrowing('cause'), 'x'],
  ['an error that is its own cause', circular(), 'round'],
  [
    'ten thousand errors in one',
    new AggregateError(
      Array.from({ length: 10_000 }, (_, n) => new Error(`${n}`)),
      'all',
    ),
    'all',
  ],
  ['a stack of 50 MB', longStack(), 'long'],
  ['a message of 50 MB', new Error('x'.repeat(50_000_000)), 'x'.repeat(4_000)],
]

describe('describeError', () => {
  test.each(hostile)('ER-01 %s is kept within bounds', (_, thrown, message) => {
    const kept = record(thrown)
    expectSound(kept)
    expect(kept.message).toBe(message)
    for (const [, text] of texts(kept)) expect(text.isWellFormed()).toBe(true)
  })

  test('ER-01 anything at all is kept within bounds, and comes back from JSON as it was', () => {
    const odd = fc.record({ name: anyText, message: anyText, stack: anyText, cause: anyValue }, { requiredKeys: [] })
    fc.assert(
      fc.property(fc.oneof(anyValue, odd), (thrown) => expectSound(record(thrown))),
      { numRuns: 1_000 },
    )
  })

  test('ER-01 what is kept has no half of a pair, also where an error is cut', () => {
    const cut = (property: string) =>
      fc.record({ fill: fc.nat(4_100), text: anyText }).map(({ fill, text }) => {
        const long = `${'x'.repeat(fill)}${'😀'.repeat(2_100)}${text}`
        return Object.assign(new Error('x'), { [property]: property === 'cause' ? { message: long } : long })
      })
    fc.assert(
      fc.property(fc.oneof(...['name', 'message', 'stack', 'cause'].map(cut)), (thrown) => {
        expect(texts(record(thrown)).filter(([, text]) => !text.isWellFormed())).toEqual([])
      }),
    )
  })

  test('ER-01 a thrown text has no half of a pair either where it is cut', () => {
    expect(record(`${'x'.repeat(55)}😀😀😀`).message.isWellFormed()).toBe(true)
    expect(record(new Error('x', { cause: `${'x'.repeat(55)}😀😀😀` })).cause?.isWellFormed()).toBe(true)
  })

  test('keeps name, message, stack and the cause by name and message', () => {
    const kept = record(new RangeError('too far', { cause: new TypeError('no map') }))
    expect(kept).toMatchObject({ name: 'RangeError', message: 'too far', cause: 'TypeError: no map' })
    expect(kept.stack).toContain('error-record.test.ts')
    expect(record(new Error('x'))).not.toHaveProperty('cause')
    expect(record('x')).toEqual({ at, attempt: 2, name: 'string', message: 'threw `"x"` (string)' })
  })
})

describe('formatError', () => {
  test('M16 an entry is the instant with its offset, and the message', () => {
    expect(formatError(record(new Error('no file')))).toBe('[2026-01-31T09:00:00.000+00:00] no file')
  })
})
