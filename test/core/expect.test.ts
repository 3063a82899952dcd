/** Checks at the door: a mistake names the option, what was expected and what came, and never throws anything else. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  expectBoolean,
  expected,
  expectFunction,
  expectInteger,
  expectNumber,
  expectOptions,
  kindOf,
  shown,
} from '../../src/core/expect.ts'
import { anyValue } from './any-value.ts'

describe('shown', () => {
  test.each([
    [undefined, '`undefined`'],
    [null, '`null`'],
    [0, '`0` (number)'],
    ['a"b', '`"a\\"b"` (string)'],
    [true, '`true` (boolean)'],
    [10n, '`10` (bigint)'],
    [Symbol('s'), '`Symbol(s)` (symbol)'],
    [() => 1, 'a function'],
    [[1], 'an array'],
    [{ a: 1 }, 'an object'],
    [Object.create(null), 'an object'],
    [new Date(0), 'the Date 1970-01-01T00:00:00.000Z'],
    [new Error('x'), 'an Error'],
    [{ constructor: 5 }, 'an object'],
  ])('says %o as %s', (value, text) => {
    expect(shown(value)).toBe(text)
  })

  test('cuts what is long and says anything at all in one short line', () => {
    expect(shown('x'.repeat(1_000))).toBe(`\`"${'x'.repeat(56)}...\` (string)`)
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(shown(value).length).toBeLessThan(100)
        expect(shown(value)).not.toContain('\n')
      }),
      { numRuns: 500 },
    )
  })

  test('never throws, whatever the value does', () => {
    const bomb = () => {
      throw new Error('read')
    }
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    for (const value of [
      proxy,
      new Proxy({}, { get: bomb, getPrototypeOf: bomb }),
      {
        get constructor() {
          return bomb()
        },
      },
    ]) {
      expect(kindOf(value)).toBe('an object that cannot be read')
    }
  })
})

describe('a check', () => {
  test('lets pass what it expects and gives it back', () => {
    const run = () => 1
    expect(expectInteger('limit', 5, 1)).toBe(5)
    expect(expectNumber('factor', 1.5, 1, 2)).toBe(1.5)
    expect(expectBoolean('hold', false)).toBe(false)
    expect(expectFunction('run', run)).toBe(run)
    expect(expectOptions('task', { run }, ['run'])).toEqual({ run })
  })

  test('says what it expected and what came', () => {
    expect(() => expectInteger('limit', 0, 1)).toThrow(
      'Expected `limit` to be an integer from 1 and up, got `0` (number)',
    )
    expect(() => expectInteger('priority', 10, 0, 9)).toThrow('an integer from 0 to 9, got `10` (number)')
    expect(() => expectNumber('jitter', '1', 0, 1)).toThrow(
      'Expected `jitter` to be a number from 0 to 1, got `"1"` (string)',
    )
    expect(() => expectBoolean('hold', 1)).toThrow('Expected `hold` to be true or false, got `1` (number)')
    expect(() => expectFunction('run', {})).toThrow('Expected `run` to be a function, got an object')
    expect(expected('a', 'b', null)).toBeInstanceOf(TypeError)
  })

  test.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -1, '5', 5n, null])(
    'an integer is not %s',
    (value) => {
      expect(() => expectInteger('limit', value, 0)).toThrow(TypeError)
    },
  )

  test('a misspelt option is not ignored', () => {
    const misspelt = Object.fromEntries([['conurrency', 5]])
    expect(() => expectOptions('task', misspelt, [])).toThrow(/`task`.*got `conurrency`/)
    for (const value of [null, undefined, 5, 'x', [], () => 1]) {
      expect(() => expectOptions('task', Object(value) === value ? value! : JSON.parse('null'), [])).toThrow(TypeError)
    }
  })
})
