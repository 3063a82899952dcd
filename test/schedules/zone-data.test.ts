/** Two machines whose data of time zones differ: what one of them has stored is the tick, whoever takes it. */
import { expect, test, vi } from 'vitest'
import type { Ticks } from '../../src/core/schedule.ts'
import { proc } from '../runner/kit.ts'
import { setUp, start, text } from './kit.ts'

const hour = 3_600_000

/** By how much the ticks of whoever looks now are later: a country that has changed its clocks for good. */
let laterMs = 0
vi.mock('../../src/runner/schedules/ticks.ts', async (original) => {
  const { ticksOf } = await original<typeof import('../../src/runner/schedules/ticks.ts')>()
  return {
    ticksOf: (rule: Parameters<typeof ticksOf>[0]): Ticks => {
      const [ticks, ms] = [ticksOf(rule), laterMs]
      const moved = (at: number | undefined) => (at === undefined ? undefined : at + ms)
      return {
        next: (after) => moved(ticks.next(after - ms)),
        latest: (count, upTo) => ticks.latest(count, upTo - ms).map((at) => at + ms),
      }
    },
  }
})

test('CK-09 a tick is the instant that was stored: another machine takes that one, and no second one beside it', async () => {
  const { clock, ran, report, storage, work } = setUp()
  await work.schedule(report, { cron: '0 9 * * *', name: 's', missed: 'all' })
  await clock.tick('8h')
  const older = proc([report], { storage, clock })
  laterMs = hour
  await older.work.start()
  await clock.tick('61m')
  // By its own data it is ten o'clock.
  expect(ran.map(({ id }) => id)).toEqual([`s@${text(start + 9 * hour)}`])
  expect((await work.scheduled('s').info()).nextAt).toBe(start + 34 * hour)

  await clock.tick('20h')
  laterMs = 0
  await clock.tick('48h')
  const times = ran.map(({ id }) => (Date.parse(id.slice(2)) - start) / hour)
  expect(times).toEqual([9, 34, 57])
  await older.work.stop()
})

test('CK-09 an app that starts again with newer data says its next tick by them, and has none twice', async () => {
  const { clock, ran, report, work, make } = setUp()
  const again = () => make().schedule(report, { cron: '0 9 * * *', name: 's' })
  await again()
  await clock.tick('1h')
  laterMs = hour
  expect(await again()).toMatchObject({ nextAt: start + 10 * hour })
  laterMs = 0
  expect(await again()).toMatchObject({ nextAt: start + 9 * hour })
  await clock.tick('8h')
  await work.drain()
  expect(ran).toHaveLength(1)
  laterMs = hour
  expect(await again()).toMatchObject({ nextAt: start + 34 * hour })
  laterMs = 0
})
