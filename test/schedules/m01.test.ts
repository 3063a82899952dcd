/** What m01's scheduler items did, said by `every`, `cron`, `at` and `overlap`. */
import { describe, expect, test } from 'vitest'
import { task } from '../../src/index.ts'
import { setUp, start, text } from './kit.ts'

describe('Delay', () => {
  test('M32 M35 is due when its time has come, and again after each period, for ever', async () => {
    const { clock, seconds, report, work } = setUp()
    await work.schedule(report, { every: '5m' })
    await work.start()
    await clock.tick('16m')
    expect(seconds()).toEqual([300, 600, 900])
    await work.stop()
  })

  test('M35 B18 periods are counted from where the first was, so that a late call puts no later one off', async () => {
    const { clock, seconds, report, work } = setUp()
    await work.schedule(report, { every: '5m' })
    for (let round = 0; round < 4; round++) {
      await clock.tick('7m')
      await work.drain()
    }
    // m01: 420, then 840, 1260, 1680.
    expect(seconds()).toEqual([300, 600, 1_200, 1_500])
  })

  test('M35 the next one counted from the end of a run is a recurring task, and so m01 has it', async () => {
    const { clock, storage, make } = setUp()
    const runs: number[] = []
    const delayed = task('delayed', {
      run: () => void runs.push((clock.now() - start) / 1_000),
      onComplete: ({ scheduleNextRun }) => void scheduleNextRun({ minutes: 5 }),
    })
    const work = make({ storage, definitions: [delayed] })
    await work.add(delayed)
    for (let round = 0; round < 4; round++) {
      await clock.tick('7m')
      await work.drain()
    }
    expect(runs).toEqual([420, 840, 1_260, 1_680])
  })

  test('M36 periods that were missed become one run', async () => {
    const { clock, seconds, report, work } = setUp()
    await work.schedule(report, { every: '5m' })
    await clock.tick('63m')
    await work.drain()
    expect(seconds()).toEqual([3_600])
  })

  test('M37 a run may be longer than the period: by `overlap` the next one waits, is left out or comes beside it', async () => {
    for (const [overlap, most] of [
      ['allow', 2],
      ['skip', 1],
      ['queue', 1],
    ] as const) {
      let open = 0
      let met = 0
      const house = setUp(async () => {
        met = Math.max(met, ++open)
        await new Promise<void>((resolve) => void house.clock.after(90_000, resolve))
        open--
      })
      await house.work.schedule(house.report, { every: '1m', overlap, until: start + 240_000 })
      await house.work.start()
      await house.clock.tick('10m')
      expect([overlap, met]).toEqual([overlap, most])
      expect(house.seconds()).toEqual(overlap === 'skip' ? [60, 180] : [60, 120, 180, 240])
      await house.work.stop()
    }
  })

  test('M34 an item that is not active is never due, nor one that is made again meanwhile', async () => {
    const { clock, ran, report, work } = setUp()
    await work.schedule(report, { every: '5m' })
    expect(await work.scheduled('report').pause()).toMatchObject({ state: 'paused', nextAt: undefined })
    expect(await work.schedule(report, { every: '1m' })).toMatchObject({ state: 'paused', nextAt: undefined })
    await work.start()
    await clock.tick('11m')
    expect(ran).toEqual([])
    await work.stop()
  })
})

describe('Cron', () => {
  const { work } = setUp()
  const next = (cron: object, count = 1) => work.preview({ cron }, count).map(({ at }) => text(at).slice(0, 16))

  test('M38 all lists must fit: a Friday that is the 13th, Monday being 0', () => {
    expect(next({ dayOfMonth: [13], dayOfWeek: [4] }, 2)).toEqual(['2026-02-13T00:00', '2026-03-13T00:00'])
    expect(next({ dayOfWeek: [0] })).toEqual(['2026-01-05T00:00'])
    expect(next({ dayOfWeek: [6] })).toEqual(['2026-01-04T00:00'])
    expect(next({ dayOfWeek: [1], hour: [3] })).toEqual(['2026-01-06T03:00'])
  })

  test('M38 B17 ticks are at the start of the smallest unit that is given, all smaller ones zero', () => {
    expect(next({ minute: [5] }, 2)).toEqual(['2026-01-01T00:05', '2026-01-01T01:05'])
    expect(next({ hour: [6, 18] }, 2)).toEqual(['2026-01-01T06:00', '2026-01-01T18:00'])
    expect(next({ dayOfMonth: [3] }, 2)).toEqual(['2026-01-03T00:00', '2026-02-03T00:00'])
    expect(next({ month: [3] }, 2)).toEqual(['2026-03-01T00:00', '2027-03-01T00:00'])
    expect(next({ month: [3], dayOfWeek: [0] }, 2)).toEqual(['2026-03-02T00:00', '2026-03-09T00:00'])
    expect(next({ month: [3], hour: [4] }, 2)).toEqual(['2026-03-01T04:00', '2026-03-02T04:00'])
    expect(next({ hour: [23], minute: [58, 59] }, 3)).toEqual([
      '2026-01-01T23:58',
      '2026-01-01T23:59',
      '2026-01-02T23:58',
    ])
    const { at } = work.preview({ cron: { dayOfMonth: [3] } }, 1)[0]!
    expect(at % 60_000).toBe(0)
  })

  test('M38 no list, or empty ones, fit always: each minute', () => {
    expect(next({}, 2)).toEqual(['2026-01-01T00:01', '2026-01-01T00:02'])
    expect(next({ minute: [], hour: [] }, 2)).toEqual(['2026-01-01T00:01', '2026-01-01T00:02'])
  })

  test('M38 the next is strictly after: at midnight it is tomorrow', () => {
    expect(next({ hour: [0] })).toEqual(['2026-01-02T00:00'])
  })

  test('M38 B17 29 February is found however many years away', () => {
    expect(next({ month: [2], dayOfMonth: [29] }, 2)).toEqual(['2028-02-29T00:00', '2032-02-29T00:00'])
    expect(next({ month: [2], dayOfMonth: [29], dayOfWeek: [0] }, 1)).toEqual(['2044-02-29T00:00'])
  })

  test('M38 UTC, unless a time zone is given', () => {
    const local = (timeZone?: string) => work.preview({ cron: { hour: [9] }, ...(timeZone ? { timeZone } : {}) }, 1)[0]
    expect(local()).toEqual({ at: start + 9 * 3_600_000, local: '2026-01-01T09:00:00+00:00' })
    expect(local('Asia/Tokyo')).toEqual({ at: start + 24 * 3_600_000, local: '2026-01-02T09:00:00+09:00' })
  })
})

test('M33 an item that is edited is due by its new rule from then on', async () => {
  const { clock, seconds, report, work } = setUp()
  await work.schedule(report, { cron: { hour: [9] } })
  const { nextAt } = await work.schedule(report, { cron: { minute: [10] } })
  expect(text(nextAt)).toBe('2026-01-01T00:10:00.000Z')
  await clock.tick('10m')
  await work.drain()
  expect(seconds()).toEqual([600])
})

test('M39 B17 B18 a call is never missed and never doubled: what is stored is taken, then the following one is stored', async () => {
  const { clock, seconds, report, work, make } = setUp()
  await work.schedule(report, { cron: '*/10 * * * *', missed: 'all' })
  for (const wait of ['10m', '0ms', '25m', '5m', '0ms'] as const) {
    await clock.tick(wait)
    await Promise.all([work.drain(), make().drain()])
  }
  expect(seconds()).toEqual([600, 1_200, 1_800, 2_400])
  expect(text((await work.scheduled('report').info()).nextAt)).toBe('2026-01-01T00:50:00.000Z')
})

test('M41 at most one pending entry of each job: `overlap: skip`', async () => {
  const { clock, report, work } = setUp()
  await work.schedule(report, { every: '1m', overlap: 'skip' })
  await work.start({ work: false })
  await clock.tick('10m')
  expect((await work.status()).tasks.report).toEqual({ waiting: 1 })
  await work.stop()
})

test('M42 a job that is added and started later: held, released once, cancelled', async () => {
  const { report, work } = setUp()
  const { id } = await work.add(report, undefined, { hold: true })
  expect(await work.release(id)).toBe(true)
  expect(await work.release(id)).toBe(false)
  await work.drain()
  expect(await work.get(id)).toMatchObject({ state: 'completed' })
  const other = await work.add(report, undefined, { hold: true })
  expect(await work.cancel(other.id)).toBe(true)
})

test('M42 a cron job whose task failed stays in the schedule; its last task is found by its id', async () => {
  const { clock, report, work } = setUp(({ runAt }) => {
    if (runAt === start + 60_000) throw new Error('bad')
    return runAt
  })
  await work.schedule(report, { every: '1m' })
  await work.start()
  await clock.tick('3m')
  const { lastTaskId = '', state } = await work.scheduled('report').info()
  expect(state).toBe('active')
  expect(await work.get(lastTaskId)).toMatchObject({ state: 'completed', result: start + 180_000 })
  expect(await work.get('report@2026-01-01T00:01:00.000Z')).toMatchObject({ state: 'failed' })
  await work.stop()
})

test('M1 M2 M32 an item is stored by one application, scheduled by another and run by a third', async () => {
  const { clock, seconds, report, make } = setUp()
  await make().schedule(report, { at: start + 30_000, name: 'once' })
  const [scheduler, worker] = [make(), make()]
  await scheduler.start({ work: false })
  await worker.start({ schedule: false })
  await clock.tick('40s')
  expect(seconds()).toEqual([30])
  await Promise.all([scheduler.stop(), worker.stop()])
})
