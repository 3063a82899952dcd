/** What a schedule does when somebody looks at it: pure, without a storage or a clock. */
import { describe, expect, test } from 'vitest'
import { type Look, type SchedulePlan, type ScheduleProgress, turn } from '../../src/core/schedule.ts'
import { ticksOf } from '../../src/runner/schedules/ticks.ts'

const every = (ms: number) => ticksOf({ every: ms, from: ms })
const plan: SchedulePlan = { missed: 'last', overlap: 'allow', limit: 100, until: undefined }
const fresh: ScheduleProgress = { doneUpTo: 0, lastTick: undefined }
const look = (now: number, more: Partial<Look> = {}): Look => ({ now, isLastOpen: false, most: 100, ...more })
const minute = 60_000

describe('a tick', () => {
  test('B18 is taken at its very instant, and not a millisecond before', () => {
    expect(turn(plan, fresh, every(5_000), look(4_999))).toMatchObject({ take: [], wakeAt: 5_000 })
    expect(turn(plan, fresh, every(5_000), look(5_000))).toMatchObject({ take: [5_000], wakeAt: 10_000 })
  })

  test('CK-11 is not taken again by whoever looks at the same instant, or earlier', () => {
    const { progress } = turn(plan, fresh, every(5_000), look(5_000))
    for (const now of [5_000, 4_000]) {
      expect(turn(plan, progress, every(5_000), look(now))).toMatchObject({ take: [], progress, wakeAt: 10_000 })
    }
  })

  test('at `until` is the last, and after it nothing is to come', () => {
    const until = { ...plan, until: 10_000 }
    const first = turn(until, fresh, every(5_000), look(5_000))
    expect(first.wakeAt).toBe(10_000)
    expect(turn(until, first.progress, every(5_000), look(12_000))).toMatchObject({ take: [10_000], wakeAt: undefined })
  })
})

describe('CN-06 ticks that nobody took', () => {
  const taken = (missed: SchedulePlan['missed'], now: number, ms = minute, more: Partial<SchedulePlan> = {}) =>
    turn({ ...plan, missed, ...more }, fresh, every(ms), look(now)).take

  test('within a minute, to the millisecond, are late and not missed', () => {
    expect(taken('skip', 2 * minute, 60_000)).toEqual([minute, 2 * minute])
    expect(taken('skip', 2 * minute + 1, 60_000)).toEqual([2 * minute])
    expect(taken('skip', 11 * minute, 10 * minute)).toEqual([10 * minute])
    expect(taken('skip', 11 * minute + 1, 10 * minute)).toEqual([])
  })

  test('`last`: the last of them, unless one is there that is only late', () => {
    expect(taken('last', 35 * minute, 10 * minute)).toEqual([30 * minute])
    expect(taken('last', 30.5 * minute, 10 * minute)).toEqual([30 * minute])
  })

  test('`all`: each, exactly', () => {
    expect(taken('all', 35 * minute, 10 * minute)).toEqual([10 * minute, 20 * minute, 30 * minute])
  })

  test('M36 of more than `limit` the latest; nothing is walked that is not wanted', () => {
    expect(taken('all', 35 * minute, 10 * minute, { limit: 2 })).toEqual([20 * minute, 30 * minute])
    const year = 365 * 24 * 60 * minute
    const begun = performance.now()
    expect(taken('all', year, 1_000)).toHaveLength(100)
    expect(taken('last', year, 3_600_000)).toEqual([year])
    expect(performance.now() - begun).toBeLessThan(500)
  })

  test('CK-04 a clock that goes far ahead brings no burst, and one that goes back none at all', () => {
    const far = turn(plan, fresh, every(minute), look(365 * 24 * 60 * minute))
    expect(far.take.length).toBeLessThanOrEqual(2)
    expect(turn(plan, far.progress, every(minute), look(5 * minute)).take).toEqual([])
  })

  test('more than one write can hold wait for the next, which comes at once', () => {
    const all = { ...plan, missed: 'all' as const }
    const first = turn(all, fresh, every(1_000), look(5_500, { most: 2 }))
    expect(first).toMatchObject({ take: [1_000, 2_000], wakeAt: 5_500 })
    const second = turn(all, first.progress, every(1_000), look(6_200, { most: 4 }))
    expect(second).toMatchObject({ take: [3_000, 4_000, 5_000, 6_000], wakeAt: 7_000 })
    expect(second.progress.waiting).toBeUndefined()
  })
})

describe('CN-04 ticks while the task before is not done', () => {
  const open = look(12_000, { isLastOpen: true })

  test('`allow`: are taken', () => {
    expect(turn(plan, fresh, every(5_000), open).take).toEqual([5_000, 10_000])
  })

  test('`skip`: are left out, and of several that are due the latest alone is taken', () => {
    const skip = { ...plan, overlap: 'skip' as const }
    expect(turn(skip, fresh, every(5_000), open)).toMatchObject({ take: [], wakeAt: 15_000 })
    expect(turn(skip, fresh, every(5_000), look(12_000))).toMatchObject({ take: [10_000], wakeAt: 15_000 })
  })

  test('`queue`: wait, whatever becomes of others that were missed, and come one by one', () => {
    const queue = { ...plan, overlap: 'queue' as const, missed: 'skip' as const }
    const first = turn(queue, fresh, every(5_000), open)
    expect(first).toMatchObject({ take: [], progress: { doneUpTo: 12_000, waiting: [5_000, 10_000] } })
    const hour = turn(queue, first.progress, every(5_000), look(60 * minute))
    expect(hour.take).toEqual([5_000])
    expect(hour.progress.waiting?.slice(0, 2)).toEqual([10_000, 59 * minute])
  })

  test('`queue`: looks again ever later, at most 10 s, for a task that never ends; keeps `limit` ticks, the latest', () => {
    const queue = { ...plan, overlap: 'queue' as const, limit: 3 }
    let progress = fresh
    let now = 12_000
    for (let round = 0; round < 1_000; round++) {
      const next = turn(queue, progress, every(5_000), look(now, { isLastOpen: true }))
      expect(next.take).toEqual([])
      expect(next.wakeAt! - now).toBeGreaterThanOrEqual(1_000)
      expect(next.wakeAt! - now).toBeLessThanOrEqual(10_000)
      progress = next.progress
      now = next.wakeAt!
    }
    const last = Math.floor(progress.doneUpTo / 5_000) * 5_000
    expect(progress.waiting).toEqual([last - 10_000, last - 5_000, last])
  })
})
