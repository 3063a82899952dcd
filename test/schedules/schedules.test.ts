/** Schedules on memory, with a clock of the test's own. */
import { describe, expect, test } from 'vitest'
import { setUp, start } from './kit.ts'

const at = (text: string) => Date.parse(text)

test('a cron adds a task at each of its ticks, in its time zone', async () => {
  const { clock, ran, report, work } = setUp()
  const info = await work.schedule(report, { cron: '0 9 * * *', timeZone: 'Europe/Athens', input: { page: 1 } })
  expect(info).toMatchObject({ name: 'report', task: 'report', state: 'active', nextAt: at('2026-01-01T07:00:00Z') })
  for (const wait of ['6h', '24h'] as const) {
    // Nobody works until shortly before: each hour of a worker's polls takes its time.
    await clock.tick(wait)
    await clock.tick(wait === '6h' ? '59m' : 0)
    await work.start()
    await clock.tick('70s')
    await work.stop()
  }
  expect(ran.map((one) => new Date(one.at).toISOString())).toEqual([
    '2026-01-01T07:00:00.000Z',
    '2026-01-02T07:00:00.000Z',
  ])
  expect(ran[0]).toMatchObject({ id: 'report@2026-01-01T07:00:00.000Z', input: { page: 1 } })
})

describe('ticks that nobody took', () => {
  const missed = async (policy: 'last' | 'skip' | 'all', down: '3h' | '30s', every: '10m' | '5s') => {
    const { clock, ran, report, work } = setUp()
    await work.schedule(report, { every, missed: policy })
    await clock.tick(down)
    await work.drain()
    return ran.length
  }
  test('are made up for by the last one', async () => expect(await missed('last', '3h', '10m')).toBe(1))
  test('are left out', async () => expect(await missed('skip', '3h', '10m')).toBe(1))
  test('are all made up for', async () => expect(await missed('all', '3h', '10m')).toBe(18))
  test('were not missed but late within a minute', async () => expect(await missed('skip', '30s', '5s')).toBe(6))
})

test('at: one tick, and then it has ended', async () => {
  const { clock, ran, report, work } = setUp()
  await work.schedule(report, { at: start + 5_000, name: 'once' })
  await work.start()
  await clock.tick('1m')
  expect(ran).toHaveLength(1)
  expect(await work.scheduled('once').info()).toMatchObject({
    state: 'ended',
    lastTaskId: ran[0]?.id,
    nextAt: undefined,
  })
  await work.stop()
})

test('a schedule made again at each start of the app neither loses nor repeats a tick', async () => {
  const { clock, ran, report, make } = setUp()
  for (let day = 0; day < 5; day++) {
    const work = make()
    await work.schedule(report, { every: '1h' })
    await work.start()
    await clock.tick('90m')
    await work.stop()
  }
  expect(ran.map((one) => (one.at - start) / 3_600_000)).toEqual([1, 2, 3, 4, 5, 6, 7])
})

test('paused, listed, resumed, removed', async () => {
  const { clock, ran, report, work } = setUp()
  await work.schedule(report, { every: '1m', name: 'a' })
  await work.schedule(report, { every: '1m', name: 'b', until: start + 150_000 })
  await work.start()
  await work.scheduled('a').pause()
  await clock.tick('5m')
  expect(ran.map(({ id }) => id.slice(0, 2))).toEqual(['b@', 'b@'])
  await work.scheduled('a').resume()
  await clock.tick('61s')
  expect(ran.filter(({ id }) => id.startsWith('a@'))).toHaveLength(1)
  const all: string[] = []
  for await (const { name, state } of work.schedules()) all.push(`${name} ${state}`)
  expect(all).toEqual(['a active', 'b ended'])
  await work.scheduled('a').remove()
  await expect(work.scheduled('a').info()).rejects.toMatchObject({ code: 'not_found' })
  await work.stop()
})

test('m01 M38 lists of numbers, all of which must fit, Monday 0', () => {
  const { work } = setUp()
  const first = (cron: object) => work.preview({ cron }, 2).map(({ local }) => local)
  expect(first({ dayOfMonth: [13], dayOfWeek: [4] })).toEqual([
    '2026-02-13T00:00:00+00:00',
    '2026-03-13T00:00:00+00:00',
  ])
  expect(first({ hour: [6, 18] })).toEqual(['2026-01-01T06:00:00+00:00', '2026-01-01T18:00:00+00:00'])
  expect(first({ month: [3] })).toEqual(['2026-03-01T00:00:00+00:00', '2027-03-01T00:00:00+00:00'])
  expect(first({ minute: [5] })).toEqual(['2026-01-01T00:05:00+00:00', '2026-01-01T01:05:00+00:00'])
  expect(first({ dayOfWeek: [0] })).toEqual(['2026-01-05T00:00:00+00:00', '2026-01-12T00:00:00+00:00'])
  expect(first({})).toEqual(['2026-01-01T00:01:00+00:00', '2026-01-01T00:02:00+00:00'])
})

test('the scheduler alone adds tasks, and the workers alone run them', async () => {
  const { clock, ran, report, make } = setUp()
  const [scheduler, worker] = [make(), make()]
  await scheduler.schedule(report, { every: '1m' })
  await scheduler.start({ work: false })
  await clock.tick('2m')
  expect(ran).toEqual([])
  expect((await scheduler.status()).tasks.report).toEqual({ waiting: 2 })
  await scheduler.stop()
  await worker.start({ schedule: false })
  await clock.tick('5m')
  expect(ran).toHaveLength(2)
  await worker.stop()
})
