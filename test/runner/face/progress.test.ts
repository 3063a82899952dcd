/** Progress and logs: readable while the task runs, stored about once a second, and only by whoever has the task. */
import { expect, test } from 'vitest'
import { task } from '../../../src/index.ts'
import { faulty, manualClock } from '../../../src/testing/index.ts'
import { gate, kit, noted, onEachStorage, rejection } from './kit.ts'

onEachStorage('progress and logs can be read while the task runs, and after it', async (storage) => {
  const door = gate()
  const long = task('long', {
    run: async ({ log, progress }) => {
      log('began')
      progress({ done: 1, of: 3 })
      await door.opened
      log('went on')
      progress({ done: 3, of: 3 })
    },
  })
  const { work, clock } = kit([long], { storage })
  await work.start()
  const { id } = await work.add(long)
  await clock.tick('2s')
  expect(await work.get(id)).toMatchObject({ state: 'running', progress: { done: 1, of: 3 }, logs: ['began'] })
  door.open()
  await clock.settle()
  expect(await work.get(id)).toMatchObject({
    state: 'completed',
    progress: { done: 3, of: 3 },
    logs: ['began', 'went on'],
  })
  await work.stop()
})

test('a handler that only logs can be followed too', async () => {
  const door = gate()
  const chatty = task('chatty', {
    run: async ({ log }) => {
      log('began')
      await door.opened
    },
  })
  const { work, clock } = kit([chatty])
  await work.start()
  const { id } = await work.add(chatty)
  await clock.tick('2s')
  expect((await work.get(id))?.logs).toEqual(['began'])
  door.open()
  await work.stop()
})

test('a thousand reports are stored about once a second, and the latest wins', async () => {
  const clock = manualClock()
  const eager = task('eager', {
    run: async ({ progress }) => {
      for (let step = 1; step <= 1_000; step++) {
        progress(step)
        await new Promise<void>((resolve) => void clock.after(5, resolve))
      }
    },
  })
  const { storage, calls } = noted(kit([]).storage)
  const { work } = kit([eager], { storage, clock })
  await work.start()
  const { id } = await work.add(eager)
  await clock.tick('2500ms')
  const { progress } = (await work.get(id)) ?? {}
  expect(progress).toBeGreaterThan(300)
  await clock.tick('5s')
  expect((await work.get(id))?.progress).toBe(1_000)
  expect(calls.filter(({ verb }) => verb === 'apply').length).toBeLessThanOrEqual(7)
  await work.stop()
})

test('the first 100 lines are kept, cut to 1,000 characters, and errors are counted beyond them', async () => {
  let errors = 0
  const verbose = task('verbose', {
    run: ({ log }) => {
      for (let line = 0; line < 150; line++) log.error(`${line} ${'x'.repeat(2_000)}`)
    },
    check: ({ errorCount, logs }) => {
      errors = errorCount
      return logs.length === 100
    },
  })
  const { work } = kit([verbose])
  await work.add(verbose)
  const info = await work.runNext()
  expect([info?.state, info?.logs.length, info?.logs[99]?.length, errors]).toEqual(['completed', 100, 1_000, 150])
  expect(info?.logs[99]).toMatch(/^99 x+$/)
})

test('an attempt begins without the logs and progress of the one before', async () => {
  const twice = task('twice', {
    run: ({ attempt, log, progress }) => {
      if (attempt > 1) return 'done'
      log('first attempt')
      progress(50)
      throw new Error('again')
    },
  })
  const { work, clock } = kit([twice])
  const { id } = await work.add(twice)
  await work.drain()
  expect(await work.get(id)).toMatchObject({ state: 'waiting', logs: ['first attempt'], progress: 50 })
  await clock.tick('10s')
  await work.drain()
  expect(await work.get(id)).toMatchObject({ state: 'completed', logs: [], progress: undefined })
})

test('PL-01 PL-10 progress is a copy of what was given, and what cannot be kept is refused where it is reported', async () => {
  const door = gate()
  const refused: unknown[] = []
  const odd = task('odd', {
    run: async ({ progress }) => {
      const value = { done: 1 }
      progress(value)
      value.done = 99
      for (const bad of [undefined, Number.NaN, { when: new Date() }]) {
        refused.push(await rejection(Promise.resolve(bad).then(progress)))
      }
      await door.opened
    },
  })
  const { work, clock } = kit([odd])
  await work.start()
  const { id } = await work.add(odd)
  await clock.tick('2s')
  expect((await work.get(id))?.progress).toEqual({ done: 1 })
  expect(refused).toMatchObject([{ path: '$' }, { path: '$' }, { path: '$.when' }])
  door.open()
  await work.stop()
})

test('LZ-05 progress, logs and items of one that lost its lease are refused, and the new holder is not disturbed', async () => {
  const reports: ((value: string) => void)[] = []
  const doors = [gate(), gate()]
  const long = task('long', {
    run: async ({ progress, log, emit, attempt }) => {
      const report = (value: string) => {
        progress(value)
        log(value)
        emit(value).catch(() => {})
      }
      reports.push(report)
      report(`attempt ${attempt}`)
      await doors[attempt - 1]?.opened
      return attempt
    },
  })
  const clock = manualClock()
  const { storage } = kit([])
  // It hears nothing of the storage once it has begun; the storage works for everybody else.
  let cut = false
  const away = faulty(storage, () => (cut ? 'before' : 'pass'))
  const { work: old } = kit([long], { storage: away, clock, name: 'old' })
  const { work } = kit([long], { storage, clock, name: 'new' })
  await old.start()
  const { id } = await work.add(long)
  await clock.tick('1.5s')
  cut = true
  await work.start()
  await clock.tick('40s')
  expect(await work.get(id)).toMatchObject({ state: 'running', progress: 'attempt 2', logs: ['attempt 2'] })
  const before = (await storage.get([id]))[0]?.rev
  cut = false
  reports[0]?.('from the grave')
  await clock.tick('3s')
  const info = await work.get(id)
  expect(info).toMatchObject({ state: 'running', progress: 'attempt 2', logs: ['attempt 2'], attempts: 2 })
  expect((await storage.get([id]))[0]?.rev).toBe(before)
  for (const door of doors) door.open()
  await clock.tick('1s')
  expect(await work.get(id)).toMatchObject({ state: 'completed', result: 2, logs: ['attempt 2'], itemCount: 1 })
  await Promise.all([old.stop(), work.stop()])
})
