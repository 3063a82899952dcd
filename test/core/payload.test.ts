/** Faithful JSON: what is stored comes back equal, or is refused with its path. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PayloadError } from '../../src/core/errors.ts'
import { decode, encode } from '../../src/core/payload.ts'
import { anyKey, anyText, anyValue, isPlain, same, valueAt } from './any-value.ts'

/** The error with which a value is refused. */
function refusal(value: unknown): PayloadError {
  try {
    encode(value)
  } catch (error) {
    if (error instanceof PayloadError) return error
    throw error
  }
  throw new Error('It was not refused')
}

describe('encode', () => {
  test('P-CODEC any value comes back exactly as it was, or is refused with the path of what JSON cannot keep', () => {
    let kept = 0
    let refused = 0
    fc.assert(
      fc.property(anyValue, (value) => {
        let text: string
        try {
          text = encode(value)
        } catch (error) {
          expect(error).toBeInstanceOf(PayloadError)
          if (error instanceof PayloadError) expect(isPlain(valueAt(value, error.path))).toBe(false)
          refused++
          return
        }
        expect(same(decode(text), value)).toBe(true)
        kept++
      }),
      { numRuns: 3_000 },
    )
    // Both ends of the law are met, or it says nothing.
    expect(Math.min(kept, refused)).toBeGreaterThan(300)
  })

  test('P-CODEC a value that came back once is written the same again', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const text = encode(value)
        expect(encode(decode(text))).toBe(text)
        expect(JSON.stringify(decode(text))).toBe(JSON.stringify(value))
      }),
    )
  })

  test('PL-05 any code units come back, and the text itself holds no NUL and no half of a pair', () => {
    fc.assert(
      fc.property(fc.dictionary(anyKey, anyText, { noNullPrototype: true }), anyText, (record, text) => {
        const stored = encode([record, text])
        expect(stored.includes('\0')).toBe(false)
        expect(stored.isWellFormed()).toBe(true)
        expect(same(decode(stored), [record, text])).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['undefined', undefined, '$'],
    ['a function', { run: () => {} }, '$.run'],
    ['a symbol', [Symbol('s')], '$[0]'],
    ['a symbol as a key', { a: { [Symbol('s')]: 1 } }, '$.a'],
    ['NaN', { items: [1, { 'odd key': Number.NaN }] }, '$.items[1]["odd key"]'],
    ['Infinity', [[Number.POSITIVE_INFINITY]], '$[0][0]'],
    ['-Infinity', { '': Number.NEGATIVE_INFINITY }, '$[""]'],
    ['undefined in an array', { list: [1, undefined] }, '$.list[1]'],
    ['a hole', { list: Object.assign(new Array(2), { 1: 1 }) }, '$.list'],
    ['four thousand million holes', new Array(4_000_000_000), '$'],
    ['a property on an array', { list: Object.assign([1], { more: 2 }) }, '$.list'],
  ])('PL-01 %s is refused with its path', (_, value, path) => {
    expect(refusal(value).path).toBe(path)
    expect(refusal(value).message).toContain(path)
  })

  test('PL-01 a negative zero comes back, and a property that is undefined counts as absent', () => {
    expect(Object.is(decode(encode(-0)), -0)).toBe(true)
    expect(decode(encode([-0, 0]))).toEqual([-0, 0])
    expect(encode({ a: undefined, b: 1, c: undefined })).toBe('{"b":1}')
  })

  test.each([
    ['a bigint', 1n, 'a bigint'],
    ['a Date', new Date(0), 'a Date'],
    ['an invalid Date', new Date(Number.NaN), 'a Date'],
    ['a Map', new Map(), 'a Map'],
    ['a Set', new Set(), 'a Set'],
    ['an expression', /x/g, 'a RegExp'],
    ['a Buffer', Buffer.from('abc'), 'a Buffer'],
    ['a typed array', new Uint8Array(2), 'an Uint8Array'],
    ['a URL', new URL('http://a.example'), 'an URL'],
    ['an instance', new (class Order {})(), 'an Order'],
    ['an error', new Error('x'), 'an Error'],
    ['an object without a prototype', Object.create(null), 'without a prototype'],
    ['a subclass of Array', new (class List extends Array {})(), 'at $.deep[0]'],
    ['a boxed string', Object('x'), 'a String'],
  ])('PL-02 %s is refused, and the message says what it was', (_, value, what) => {
    const error = refusal({ deep: [value] })
    expect(error.path).toBe('$.deep[0]')
    expect(error.message).toContain(what)
    expect(error).toBeInstanceOf(TypeError)
  })

  test('PL-04 names such as __proto__ are plain data and change no prototype', () => {
    const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"hasOwnProperty":false}'
    const back = decode(encode(decode(text)))
    expect(encode(back)).toBe(text)
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
    expect(Object.hasOwn(Object(back), '__proto__')).toBe(true)
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })

  test('a path of odd names can be read, and a very long one is cut in the middle', () => {
    expect(refusal({ "it's": { 'a"b': { $ok: { '9': 1n } } } }).path).toBe('$["it\'s"]["a\\"b"].$ok["9"]')
    expect(refusal({ ['k'.repeat(5_000)]: 1n }).path.length).toBeLessThan(200)
    let deep: unknown = 1n
    for (let level = 0; level < 500; level++) deep = { ['name'.repeat(20)]: deep }
    expect(refusal(deep).path.length).toBeLessThan(1_500)
    expect(refusal(deep).path).toContain('...')
  })
})

describe('decode', () => {
  test('gives a new value each time', () => {
    const text = encode({ list: [1] })
    expect(decode(text)).not.toBe(decode(text))
  })
})
