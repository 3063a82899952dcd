/** Ids: of one length, never twice, and in the order in which they were made. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { idMaker } from '../../src/core/id.ts'
import { checkId } from '../../src/core/name.ts'

const now = 1_800_000_000_000

/** Bytes from a small generator of its own: the same at each run. */
function bytesFrom(seed: number): (count: number) => Uint8Array {
  let state = seed
  return (count) =>
    Uint8Array.from({ length: count }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state >>> 24
    })
}

/** Bytes that never differ: then time and counter alone must tell ids apart. */
const noChance = (count: number) => new Uint8Array(count)

describe('an id maker', () => {
  test('makes 24 characters that a caller could have chosen and every storage sorts alike', () => {
    const make = idMaker(bytesFrom(1))
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (at) => {
        const id = make(at)
        expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{24}$/)
        expect(checkId('id', id)).toBe(id)
      }),
    )
  })

  test('makes a hundred thousand ids within a millisecond, all different, in order', () => {
    const make = idMaker(bytesFrom(2))
    const ids = Array.from({ length: 100_000 }, () => make(now))
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.toSorted()).toEqual(ids)
  })

  test('CK-02 sorts by creation over any clock, one that steps back among them, even without chance', () => {
    const clock = fc.array(fc.integer({ min: -100_000, max: 100_000 }), { maxLength: 50 })
    fc.assert(
      fc.property(clock, (steps) => {
        const make = idMaker(noChance)
        let at = now
        const ids = steps.map((step) => {
          at += step
          return make(at)
        })
        expect(ids.toSorted()).toEqual(ids)
        expect(new Set(ids).size).toBe(ids.length)
      }),
    )
  })

  test('CK-02 stays at the last moment, and does not run ahead, while a clock is behind it', () => {
    const make = idMaker(bytesFrom(5))
    const time = make(now).slice(0, 10)
    for (let made = 1; made <= 1_000; made++) expect(make(now - made).slice(0, 10)).toBe(time)
    expect(make(now + 1).slice(0, 10) > time).toBe(true)
  })

  test('sorts by time over makers that know nothing of each other', () => {
    const time = fc.integer({ min: 0, max: 2 ** 48 })
    fc.assert(
      fc.property(time, time, fc.integer(), fc.integer(), (one, other, seed, otherSeed) => {
        fc.pre(one !== other)
        const [early, late] = [
          idMaker(bytesFrom(seed))(Math.min(one, other)),
          idMaker(bytesFrom(otherSeed))(Math.max(one, other)),
        ]
        expect(early < late).toBe(true)
      }),
    )
  })

  test('goes on in order when a millisecond has no more room', () => {
    const make = idMaker(noChance)
    let last = ''
    let ordered = true
    for (let made = 0; made < 32 ** 4 + 10; made++) {
      const id = make(now)
      ordered &&= last < id
      last = id
    }
    expect(ordered).toBe(true)
    expect(make(now + 1) > last).toBe(true)
  })

  test('two makers at one moment make different ids', () => {
    const one = idMaker(bytesFrom(3))
    const other = idMaker(bytesFrom(4))
    const ids = Array.from({ length: 1_000 }, () => [one(now), other(now)]).flat()
    expect(new Set(ids).size).toBe(2_000)
  })
})
