import { describe, expect, test } from 'vitest'
import { serviceClock } from '../../adapters/dynamodb/clock.ts'

/** A service whose clock is so far from ours, asked at these of our instants. The answer's Date has whole seconds. */
function asked(offsetMs: number, instants: readonly number[], wayMs = 10) {
  let mine = 0
  const clock = serviceClock(() => mine)
  for (const at of instants) {
    mine = at + 2 * wayMs
    clock.sample(at, mine, new Date(Math.floor((at + wayMs + offsetMs) / 1000) * 1000).toUTCString())
  }
  const later = (ms: number) => {
    mine += ms
    return mine
  }
  return { clock, truth: () => mine + offsetMs, later }
}

const epoch = 1_790_000_000_000

describe('CK-12 the clock that is read from answers', () => {
  test('is within a second by one answer, and says so', () => {
    for (const offset of [epoch, epoch + 1, epoch + 999, epoch + 500.5]) {
      const { clock, truth } = asked(offset, [123])
      const { now, error } = clock.now()
      expect(error).toBeLessThanOrEqual(1_000)
      expect(Math.abs(now - truth())).toBeLessThanOrEqual(error)
    }
  })

  test('is within a tenth of a second by many answers, and never further off than it says', () => {
    for (let offset = epoch; offset < epoch + 1_000; offset += 37) {
      const { clock, truth } = asked(
        offset,
        Array.from({ length: 60 }, (_, n) => n * 337),
      )
      const { now, error } = clock.now()
      expect(error).toBeLessThanOrEqual(100)
      expect(Math.abs(now - truth())).toBeLessThanOrEqual(error)
    }
  })

  test('is the less sure the longer nobody answered, since clocks drift', () => {
    const { clock, later } = asked(
      epoch,
      Array.from({ length: 60 }, (_, n) => n * 337),
    )
    const before = clock.now().error
    expect(clock.isFresh()).toBe(true)
    later(3_600_000)
    expect(clock.isFresh()).toBe(false)
    expect(clock.now().error).toBeGreaterThan(before + 500)
  })

  test('starts over when two answers contradict each other, as after a clock was set', () => {
    const { clock, later, truth } = asked(
      epoch,
      Array.from({ length: 60 }, (_, n) => n * 337),
    )
    const sentAt = later(10)
    const hourBack = truth() - 3_600_000
    clock.sample(sentAt, sentAt, new Date(hourBack).toUTCString())
    expect(Math.abs(clock.now().now - hourBack)).toBeLessThan(1_100)
    expect(clock.now().error).toBeGreaterThan(400)
  })

  test('passes over an answer without a Date, or with one that nobody can read', () => {
    const { clock } = asked(epoch, [0, 400, 900])
    const before = clock.now()
    clock.sample(1_000, 1_010, undefined)
    clock.sample(1_000, 1_010, 'yesterday')
    expect(clock.now()).toEqual(before)
  })
})
