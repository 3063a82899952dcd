/** Values made to hang, crash or deceive whoever reads them. */
import { describe, expect, test } from 'vitest'
import { PayloadError } from '../../src/core/errors.ts'
import { decode, encode } from '../../src/core/payload.ts'

const bomb = () => {
  throw new Error('read')
}

function deep(levels: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = wrap(value)
  return value
}

function cycle(): unknown {
  const loop: Record<string, unknown> = { list: [] }
  loop.list = [1, { back: loop }]
  return loop
}

function bottomless(): unknown {
  return new Proxy({ a: 1, b: 1 }, { get: bottomless })
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

function throwingGetter(): object {
  return Object.defineProperty({ fine: 1 }, 'odd key', { enumerable: true, get: bomb })
}

function throwsNothing(): object {
  return Object.defineProperty({}, 'x', {
    enumerable: true,
    get: () => {
      throw undefined
    },
  })
}

const hostile: [string, () => unknown, string | RegExp][] = [
  ['an object that holds itself', cycle, '$.list[1].back'],
  ['200,000 levels of objects', () => deep(200_000, (a) => ({ a })), /^\$\.a\.a.*\.\.\.\.a/],
  ['200,000 levels of arrays', () => deep(200_000, (a) => [a]), /^\$\[0\]\[0\].*\.\.\.\[0\]/],
  ['a getter that throws', () => ({ list: [throwingGetter()] }), '$.list[0]["odd key"]'],
  ['a getter that throws nothing', throwsNothing, '$.x'],
  [
    'a proxy that throws at everything',
    () => [new Proxy({}, { getPrototypeOf: bomb, ownKeys: bomb, get: bomb })],
    '$[0]',
  ],
  ['a proxy whose keys throw', () => ({ a: new Proxy({}, { ownKeys: bomb }) }), '$.a'],
  ['a proxy whose values throw', () => ({ a: new Proxy({ b: 1 }, { get: bomb }) }), '$.a.b'],
  ['a revoked proxy', () => ({ a: revoked({}) }), '$.a'],
  ['a revoked proxy of an array', () => ({ a: revoked([]) }), '$.a'],
  ['a proxy without a bottom', bottomless, /^\$\.a\.a/],
  ['a toJSON that throws', () => ({ a: { toJSON: bomb } }), '$.a.toJSON'],
  [
    'an inherited toJSON',
    () => ({
      a: new (class Bomb {
        toJSON() {
          return bomb()
        }
      })(),
    }),
    '$.a',
  ],
  ['a proxy of a function', () => [new Proxy(() => {}, {})], '$[0]'],
]

/** The CPU that it takes, in milliseconds: not the wall clock, since others use this machine as well. */
function costMs(run: () => void): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

/** The path of the PayloadError with which a value is refused. */
function refusedAt(value: unknown): string | undefined {
  try {
    encode(value)
  } catch (error) {
    if (error instanceof PayloadError) return error.path
    throw error
  }
  return undefined
}

describe('encode', () => {
  test.each(hostile)('PL-03 %s is refused with its path, quickly', (_, make, path) => {
    const value = make()
    const tries = [1, 2, 3].map(() =>
      costMs(() => {
        const found = refusedAt(value)
        if (typeof path === 'string') expect(found).toBe(path)
        else expect(found).toMatch(path)
      }),
    )
    // The least of three, so that a collection of garbage says nothing.
    expect(Math.min(...tries)).toBeLessThan(100)
  })

  test('PL-03 a thousand levels are kept and one more is not', () => {
    expect(decode(encode(deep(1_000, (a) => [a])))).toEqual(deep(1_000, (a) => [a]))
    expect(() => encode(deep(1_001, (a) => [a]))).toThrow(/more than 1000 levels/)
  })

  test('PL-03 each property is read once, so that nothing answers the check one way and the writer another', () => {
    let reads = 0
    const shifty = {
      get number() {
        return reads++ === 0 ? 1 : Number.NaN
      },
    }
    expect(encode(shifty)).toBe('{"number":1}')
    expect(reads).toBe(1)
  })

  test('PL-03 an array that grows while it is read is refused, or written as long as it first was', () => {
    let length = 0
    // It stops growing, so that this test ends where the code does not defend itself.
    const grow = (_: unknown, key: PropertyKey) => (key === 'length' ? Math.min(length++, 20) : 7)
    const growing = new Proxy<number[]>([], { get: grow })
    let text = '[]'
    try {
      text = encode(growing)
    } catch (error) {
      expect(error).toBeInstanceOf(PayloadError)
    }
    expect(text).toBe('[]')
  })

  test('one value at two places is no cycle', () => {
    const shared = { a: 1 }
    expect(encode([shared, { shared }, shared])).toBe('[{"a":1},{"shared":{"a":1}},{"a":1}]')
  })
})
