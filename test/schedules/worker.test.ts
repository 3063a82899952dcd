/** Schedules beside all else that a process does: full of tasks, drained, stopped, counted, purged. */
import { expect, test } from 'vitest'
import type { ClaimRequest, Storage } from '../../src/storage/index.ts'
import { proc } from '../runner/kit.ts'
import { setUp, start } from './kit.ts'

test('ticks go on while all handlers are at work', async () => {
  const { clock, report, storage, make } = setUp(
    () => new Promise<void>((resolve) => void clock.after(300_000, resolve)),
  )
  const work = make({ concurrency: 1 })
  await work.schedule(report, { every: '1m', missed: 'skip' })
  await work.start()
  await clock.tick('310s')
  const ids = (await storage.find({ names: ['report'] }, 10)).rows.map(({ id }) => id.slice(-13, -5))
  expect(ids.sort()).toEqual(['00:01:00', '00:02:00', '00:03:00', '00:04:00', '00:05:00'])
  const stopping = work.stop({ timeout: 0 })
  await clock.tick('1s')
  await stopping
})

test('thousands of schedules that are due at one instant are seen to a few at a time, each once', async () => {
  const { clock, report, storage, ran, make } = setUp()
  let most = 0
  let open = 0
  const work = proc([report], {
    storage,
    clock,
    concurrency: 100,
    onCall: (verb, when, [rows]) => {
      if (verb !== 'insert' || !(rows as { name: string }[]).some(({ name }) => name === 'report')) return
      open += when === 'before' ? 1 : -1
      most = Math.max(most, open)
    },
  }).work
  const maker = make()
  for (let n = 0; n < 2_000; n++) await maker.schedule(report, { cron: '0 0 * * *', name: `s${n}` })
  await clock.tick('24h')
  await work.start()
  await clock.tick('2s')
  expect(ran).toHaveLength(2_000)
  expect(new Set(ran.map(({ id }) => id)).size).toBe(2_000)
  expect(most).toBeGreaterThan(1)
  expect(most).toBeLessThanOrEqual(10)
  await work.stop()
})

test('drain and runNext take the ticks that are due, and leave no timer behind', async () => {
  const { clock, report, storage, seconds } = setUp()
  const { work, timers } = proc([report], { storage, clock })
  await work.schedule(report, { every: '1m', missed: 'all' })
  await clock.tick('2m')
  expect(await work.drain()).toBe(2)
  expect(await work.runNext()).toBeUndefined()
  await clock.tick('1m')
  expect(await work.runNext()).toMatchObject({ state: 'completed', id: 'report@2026-01-01T00:03:00.000Z' })
  expect(seconds()).toEqual([60, 120, 180])
  expect(timers()).toBe(0)
})

test('DB-01 a claim whose answer was lost is found again: the tick waits for no lease', async () => {
  const { clock, report, storage, ran } = setUp()
  let isLost = false
  const losing: Storage = Object.assign(Object.create(storage) as Storage, {
    claim: async (request: ClaimRequest) => {
      const rows = await storage.claim(request)
      if (isLost || rows.length === 0) return rows
      isLost = true
      throw new Error('the connection is gone')
    },
  })
  const { work } = proc([report], { storage: losing, clock, lease: '30s' })
  await work.schedule(report, { every: '10s', until: start + 10_000 })
  await work.start()
  await clock.tick('13s')
  expect(isLost).toBe(true)
  expect(ran.map(({ id }) => id)).toEqual(['report@2026-01-01T00:00:10.000Z'])
  await work.stop()
})

test('SD-02 a stop waits for a tick that is being taken, and takes no other', async () => {
  const { clock, report, storage, seconds } = setUp()
  let stopping: Promise<unknown> | undefined
  const one = proc([report], {
    storage,
    clock,
    onCall: (verb, when, [rows]) => {
      const isTick = verb === 'insert' && (rows as { name: string }[]).some(({ name }) => name === 'report')
      if (isTick && when === 'before') stopping ??= one.work.stop()
    },
  })
  await one.work.schedule(report, { every: '10s', name: 's' })
  await one.work.start()
  await clock.tick('12s')
  expect(stopping).toBeDefined()
  await stopping
  expect(one.timers()).toBe(0)
  const [row] = storage.get(['~schedule:s']) as { wakeAt: number }[]
  expect(row?.wakeAt).toBe(start + 20_000)
  await clock.tick('1m')
  expect((await storage.find({ names: ['report'] }, 10)).rows).toHaveLength(1)
  expect(seconds().length).toBeLessThanOrEqual(1)
})

test('rows of schedules are no tasks and no jobs: not in a status, a purge, a get, a listing or a cancel', async () => {
  const { clock, report, work } = setUp()
  await work.schedule(report, { at: start + 1_000, name: 'once' })
  await work.schedule(report, { every: '1s', name: 'often' })
  await clock.tick('2s')
  await work.drain()
  const { tasks, jobs } = await work.status()
  expect(tasks).toEqual({ report: { completed: 3 } })
  expect(jobs).toEqual({})
  expect(await work.purge()).toEqual({ completed: 3, failed: 0, cancelled: 0 })
  const listed: unknown[] = []
  for await (const job of work.jobs()) listed.push(job)
  expect(listed).toEqual([])
  for (const id of ['~schedule:once', '~schedule:often']) {
    expect(await work.get(id)).toBeUndefined()
    const cancelled = await work.cancel(id).catch((error: { code: string }) => error.code)
    const retried = await work.retry(id).catch((error: { code: string }) => error.code)
    const told = await work.explain(id).catch((error: { code: string }) => error.code)
    expect([cancelled, retried, told]).toEqual(['not_found', 'not_found', 'not_found'])
  }
  const names: string[] = []
  for await (const { name, state } of work.schedules()) names.push(`${name} ${state}`)
  expect(names).toEqual(['often active', 'once ended'])
})

test('names may be of any printable characters but a slash, and are kept apart', async () => {
  const { clock, report, ran, work } = setUp()
  const names = ['a b', 'a@b', 'a%', "'; drop", 'x'.repeat(103), 'a:b', '{}', '.']
  for (const name of names) await work.schedule(report, { every: '10s', name, input: name })
  await clock.tick('10s')
  await work.drain()
  expect(new Set(ran.map(({ input }) => input))).toEqual(new Set(names))
  for (const { id, input } of ran) expect(id).toBe(`${input}@2026-01-01T00:00:10.000Z`)
})

test('jitter puts the task of a tick off, by the same for whoever adds it, and no tick', async () => {
  const { clock, report, ran, work } = setUp()
  await work.schedule(report, { every: '1h', jitter: '10m' })
  for (let hour = 0; hour < 6; hour++) {
    await clock.tick('1h')
    await work.drain()
    await clock.tick('0ms')
  }
  await clock.tick('10m')
  await work.drain()
  const late = ran.map(({ at, id }) => at - Date.parse(id.slice(7)))
  expect(late).toHaveLength(6)
  expect(new Set(late).size).toBeGreaterThan(1)
  for (const ms of late) expect(ms).toBeLessThanOrEqual(600_000)
  expect(ran.map(({ id }) => id.slice(-13, -11))).toEqual(['01', '02', '03', '04', '05', '06'])
})

test('CN-04 `queue`: a task that was purged, cancelled or has failed holds up no other', async () => {
  const { clock, report, seconds, work } = setUp(() => {
    throw new Error('bad')
  })
  await work.schedule(report, { every: '5s', overlap: 'queue' })
  await work.start()
  await clock.tick('15s')
  // The first is tried three times, 10 s apart.
  expect(new Set(seconds())).toEqual(new Set([5]))
  await work.cancel('report@2026-01-01T00:00:05.000Z')
  await clock.tick('2s')
  expect(new Set(seconds())).toEqual(new Set([5, 10]))
  expect((await work.scheduled('report').info()).waiting).toBeGreaterThan(0)
  await clock.tick('25s')
  expect(new Set(seconds())).toEqual(new Set([5, 10, 15]))
  await work.stop()
})
