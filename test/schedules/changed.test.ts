/** Schedules that somebody changes, pauses, removes or leaves behind while their tick is being taken. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import type { Row, Storage } from '../../src/storage/index.ts'
import { scheduleOf } from '../../src/storage/schedule-codec.ts'
import { proc } from '../runner/kit.ts'
import { setUp, start, text } from './kit.ts'

/** A process that stands still when it is about to add the task of a tick; `act`, and then it goes on. */
async function meanwhile(act: (house: ReturnType<typeof setUp>) => unknown, overlap: 'allow' | 'skip' = 'allow') {
  const house = setUp()
  const { clock, report, storage, work } = house
  await work.schedule(report, { every: '10s', name: 's', overlap, missed: 'all' })
  let isHeld = false
  const held = proc([report], {
    storage,
    clock,
    onCall: (verb, when, [rows]) => {
      const isTick = verb === 'insert' && (rows as Row[]).some(({ name }) => name === 'report')
      if (!isTick || when === 'after' || isHeld) return
      isHeld = true
      held.freeze()
    },
  })
  await held.work.start({ work: false })
  // It was made by another: this one finds it at its next poll.
  await clock.tick('12s')
  expect(isHeld).toBe(true)
  await act(house)
  held.thaw()
  await clock.settle()
  return { ...house, held }
}

const first = 's@2026-01-01T00:00:10.000Z'

describe('CN-05 while its tick is being taken', () => {
  test('a schedule is paused: that tick comes once at most, and no other until it is resumed', async () => {
    const { clock, storage, work } = await meanwhile(({ work }) => work.scheduled('s').pause())
    await clock.tick('1m')
    expect(await work.scheduled('s').info()).toMatchObject({ state: 'paused', nextAt: undefined })
    await work.scheduled('s').resume()
    await work.drain()
    expect((await storage.find({ names: ['report'] }, 10)).rows.map(({ id }) => id)).toEqual([first])
  })

  test('a schedule is removed: that tick comes once at most, and none after it', async () => {
    const { clock, storage, work } = await meanwhile(({ work }) => work.scheduled('s').remove())
    await clock.tick('1m')
    await work.drain()
    expect((await storage.find({ names: ['report'] }, 10)).rows.map(({ id }) => id)).toEqual([first])
    await expect(work.scheduled('s').info()).rejects.toMatchObject({ code: 'not_found' })
  })

  test('a rule is changed: the tick of the old one comes once at most, then those of the new one', async () => {
    const change = ({ work, report }: ReturnType<typeof setUp>) => work.schedule(report, { every: '25s', name: 's' })
    const { clock, seconds, work } = await meanwhile(change)
    await work.start()
    await clock.tick('55s')
    // Counted from when it was changed, which was at 12 s.
    expect(seconds()).toEqual([10, 37, 62])
    await work.stop()
  })

  test('it is made again as it is, as at a start of the app: nothing is lost and nothing comes twice', async () => {
    const again = ({ work, report }: ReturnType<typeof setUp>) =>
      work.schedule(report, { every: '10s', name: 's', missed: 'all' })
    const { clock, seconds, work } = await meanwhile(again)
    await work.start()
    await clock.tick('25s')
    expect(seconds()).toEqual([10, 20, 30])
    await work.stop()
  })
})

test('CN-03 LZ-05 a scheduler that stood still adds nothing more, though the tasks were done and purged meanwhile', async () => {
  const house = setUp()
  const { clock, report, storage, seconds, work } = house
  await work.schedule(report, { every: '10s', name: 's', overlap: 'skip', missed: 'all' })
  // After its tick is written down, before the task is added.
  const zombie = proc([report], {
    storage,
    clock,
    lease: '3s',
    onCall: (verb, when, [changes]) => {
      const isTick = verb === 'apply' && (changes as { row: Row }[]).some(({ row }) => row.name === '~schedule')
      if (isTick && when === 'after') zombie.freeze()
    },
  })
  await zombie.work.start({ work: false })
  await clock.tick('11s')
  await work.start()
  await clock.tick('30s')
  expect(seconds()).toEqual([10, 20, 30, 40])
  expect(await work.purge()).toMatchObject({ completed: 4 })
  zombie.thaw()
  await clock.tick('500ms')
  expect((await storage.find({ names: ['report'] }, 10)).rows).toEqual([])
  await work.stop()
})

test('a schedule that ended and is put off has no tick for the time between', async () => {
  const { clock, seconds, report, work } = setUp()
  await work.schedule(report, { every: '10s', name: 's', until: start + 20_000, missed: 'all' })
  await work.start()
  await clock.tick('1m')
  expect(await work.scheduled('s').info()).toMatchObject({ state: 'ended', nextAt: undefined })
  await work.schedule(report, { every: '10s', name: 's', until: start + 80_000, missed: 'all' })
  await clock.tick('1m')
  expect(seconds()).toEqual([10, 20, 70, 80])
  await work.stop()
})

test('CK-02 CK-04 a clock that went far ahead and back does not silence a schedule that is made again', async () => {
  const { clock, seconds, report, work } = setUp()
  await work.schedule(report, { every: '10s', name: 's' })
  clock.step(365 * 86_400_000)
  await work.drain()
  const far = seconds().length
  expect(far).toBeLessThanOrEqual(7)
  clock.step(-365 * 86_400_000)
  const { nextAt } = await work.schedule(report, { every: '10s', name: 's' })
  expect(text(nextAt)).toBe('2026-01-01T00:00:10.000Z')
  await work.start()
  await clock.tick('25s')
  expect(seconds().slice(far)).toEqual([10, 20])
  await work.stop()
})

test('a rule of a later version is left to that: it is told, and the other schedules go on and are listed', async () => {
  const { clock, seconds, report, storage, work } = setUp()
  await work.schedule(report, { every: '10s', name: 'later' })
  await work.schedule(report, { every: '10s', name: 'now' })
  const [row] = await (storage as Storage).get(['~schedule:later'])
  const memo = JSON.stringify({ ...scheduleOf(row!), rule: { moon: 'full' } })
  const next = {
    state: 'active',
    priority: 0,
    wakeAt: row!.wakeAt,
    tries: 0,
    holder: 'x',
    doneAt: null,
    memo,
    keepKey: true,
  }
  await storage.apply([{ row: row!, next }])
  const old = proc([report], { storage, clock })
  await old.work.start()
  await clock.tick('21s')
  expect(seconds()).toEqual([10, 20])
  expect(old.lines.filter((line) => line.startsWith('warn'))).toEqual([
    'warn Schedule later could not be moved on: Its rule is none that this version knows: moon',
  ])
  const listed: unknown[] = []
  for await (const { name, nextAt } of old.work.schedules()) listed.push([name, text(nextAt)])
  expect(listed).toEqual([
    ['later', 'none'],
    ['now', '2026-01-01T00:00:30.000Z'],
  ])
  const stopping = old.work.stop()
  await clock.tick('1s')
  await stopping
})

test('a storage without room for a schedule refuses it, and keeps nothing of it', async () => {
  const { report, work, storage } = setUp(undefined, memory({ rowMaxBytes: 8_192 }))
  await expect(work.schedule(report, { every: '1m', input: 'x'.repeat(5_000) })).rejects.toThrow(/at most \d+ bytes/)
  await expect(work.schedule(report, { every: '1m', limit: 10_000, overlap: 'queue' })).rejects.toThrow(TypeError)
  expect((await storage.find({ names: ['~schedule'] }, 10)).rows).toEqual([])
})
