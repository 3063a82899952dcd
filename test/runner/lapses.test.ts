/** When a lease ends: by whose clock, at which instant, and what a worker does that stood still or slept. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { FatalError, fixed, type TaskContext, task } from '../../src/index.ts'
import { manualClock, type Verb } from '../../src/testing/index.ts'
import { later, proc, rowOf } from './kit.ts'
import { checkHistory, ledger } from './ledger.ts'

const retry = fixed({ maxAttempts: 9, delay: 0 })

describe('a lease', () => {
  test.each(['5s', '30s', '5m'] as const)(
    'LZ-10 LZ-13 P-EXCL ends exactly when its own row says, for a worker whose own leases last %s',
    async (lease) => {
      const storage = ledger(memory())
      const clock = manualClock()
      const work = task('work', { retry, run: ({ attempt }) => (attempt === 1 ? new Promise(() => {}) : 'done') })
      const a = proc([work], { storage, clock, lease: '1m' })
      const { id } = await a.work.add(work)
      await a.work.start()
      await clock.settle()
      a.kill()
      const b = proc([work], { storage, clock, lease })
      await clock.tick(59_999)
      expect(await b.work.runNext()).toBeUndefined()
      await clock.tick(1)
      expect(await b.work.runNext()).toMatchObject({ id, state: 'completed', attempts: 2 })
      checkHistory(storage, id)
    },
  )

  test('LZ-07 LZ-08 P-FENCE of a handler that blocks the event loop past it: no second commit, and the lag is told', async () => {
    for (const other of [true, false]) {
      const storage = ledger(memory())
      const clock = manualClock()
      const ends: ReturnType<typeof later<string>>[] = []
      const work = task('work', {
        retry,
        run: () => {
          const end = later<string>()
          ends.push(end)
          return end.promise
        },
      })
      const a = proc([work], { storage, clock, poll: '10m' })
      const lags: number[] = []
      const completed: string[] = []
      a.work.on('lag', ({ lagMs }) => lags.push(lagMs))
      a.work.on('completed', ({ id }) => completed.push(id))
      const { id } = await a.work.add(work)
      await a.work.start()
      await clock.tick('1s')
      // The computation: nothing of this process moves, and then the handler has its result at once.
      a.freeze()
      const b = proc([work], { storage, clock })
      if (other) await b.work.start()
      await clock.tick('1m')
      ends[0]!.resolve('of the one that blocked')
      a.thaw()
      await clock.tick('2s')
      expect(lags[0]).toBeGreaterThan(58_000)
      expect(a.lines.filter((line) => line.includes('stood still'))).toHaveLength(1)
      ends[1]?.resolve('of the other')
      await clock.tick('2s')
      expect(completed).toHaveLength(other ? 0 : 1)
      expect((await b.work.get(id))?.result).toBe(other ? 'of the other' : 'of the one that blocked')
      expect(storage.history(id).ends).toEqual(['completed'])
      checkHistory(storage, id)
    }
  })
})

test('LZ-15 CK-03 after a sleep of an hour nothing waiting starts before the storage confirms it, and nothing runs twice', async () => {
  const clock = manualClock()
  const base = ledger(memory())
  let answers = true
  const traits = { ...base.traits, shared: true }
  const now = () => ({ now: clock.now(), error: 0 })
  const storage = Object.assign(Object.create(base) as typeof base, { traits, now })
  const started: { input: number; leaseEndsAt: number }[] = []
  const slow = later()
  const work = task('work', {
    concurrency: 1,
    retry,
    run: ({ input, id }: TaskContext<number>) => {
      // What the storage says at this instant, by its own time: an hour further than this machine knows.
      started.push({ input, leaseEndsAt: base.get([id])[0]!.wakeAt! - clock.now() })
      return input === 100 ? slow.promise : undefined
    },
  })
  const onCall = (verb: Verb) => {
    if (!answers && verb !== 'apply') throw new Error(`no answer to ${verb}`)
  }
  const a = proc([work], { storage, clock, onCall, concurrency: 2 })
  await a.work.add(Array.from({ length: 100 }, (_, input) => work.with(input)))
  await a.work.start()
  await clock.tick('1s')
  await a.work.add(Array.from({ length: 10 }, (_, index) => work.with(100 + index)))
  await clock.settle()
  expect((await a.work.status()).worker.held).toBeGreaterThan(1)
  // Asleep: its monotonic clock stands, the world's goes on. On waking, the running handler ends first of all.
  clock.step(3_600_000)
  answers = false
  slow.resolve()
  await clock.settle()
  expect(started).toHaveLength(101)
  answers = true
  await clock.tick('10s')
  expect(started.map(({ input }) => input).sort((one, other) => one - other)).toEqual([...Array(110).keys()])
  for (const { leaseEndsAt } of started) expect(leaseEndsAt).toBeGreaterThan(0)
  expect(base.broken).toEqual([])
})

test('LZ-18 P-EPOCH fences rise over failure, snooze, crash, cancel, retry by hand, and a removal', async () => {
  const storage = ledger(memory())
  const clock = manualClock()
  const fences: number[] = []
  const work = task('work', {
    retry: fixed({ maxAttempts: 3, delay: 0 }),
    run: ({ fence, snooze, signal }: TaskContext) => {
      fences.push(fence)
      const start = fences.length
      if (start === 1) throw new Error('failure')
      if (start === 2) snooze(0)
      if (start === 3) a.kill()
      if (start === 3 || start === 4) return new Promise((_, reject) => signal.addEventListener('abort', reject))
      if (start === 5) throw new FatalError('to be retried by hand')
    },
  })
  const a = proc([work], { storage, clock })
  const { id } = await a.work.add(work, undefined, { id: 'one' })
  await a.work.start()
  await clock.tick('1s')
  const b = proc([work], { storage, clock })
  await b.work.start()
  await clock.tick('31s')
  expect(fences).toHaveLength(4)
  await b.work.cancel(id)
  await b.work.retry(id)
  await clock.tick('1s')
  await b.work.retry(id)
  await clock.tick('1s')
  expect((await rowOf(storage, id)).state).toBe('completed')
  await b.work.purge()
  await b.work.add(work, undefined, { id: 'one' })
  await clock.tick('1s')
  expect(fences).toHaveLength(7)
  expect([...new Set(fences)].sort((one, other) => one - other)).toEqual(fences)
  expect(storage.broken).toEqual([])
})

test('LZ-15 a handler that runs while the machine sleeps goes on, when nobody took its task meanwhile', async () => {
  const clock = manualClock()
  const base = memory()
  const storage = Object.assign(Object.create(base) as typeof base, {
    traits: { ...base.traits, shared: true },
    now: () => ({ now: clock.now(), error: 0 }),
  })
  const end = later()
  const reasons: unknown[] = []
  let starts = 0
  const work = task('work', {
    run: async ({ signal }) => {
      starts++
      signal.addEventListener('abort', () => void reasons.push(signal.reason))
      await end.promise
    },
  })
  const a = proc([work], { storage, clock })
  const { id } = await a.work.add(work)
  await a.work.start()
  await clock.tick('5s')
  clock.step(3_600_000)
  await clock.tick('1m')
  expect(reasons).toEqual([])
  end.resolve()
  await clock.settle()
  expect(base.get([id])[0]).toMatchObject({ state: 'completed', tries: 1 })
  expect(starts).toBe(1)
})

test('LZ-07 after a handler that blocked the process past its lease, the others of the process go on', async () => {
  const steady = manualClock()
  let blockedMs = 0
  const clock = {
    ...steady,
    now: () => steady.now() + blockedMs,
    monotonic: () => steady.monotonic() + blockedMs,
  }
  const storage = ledger(memory())
  const end = later()
  let starts = 0
  const slow = task('slow', {
    run: () => {
      starts++
      return end.promise
    },
  })
  // It ends as soon as it lets go of the process: more is claimed before any timer has its turn.
  const blocker = task('blocker', {
    run: () => {
      blockedMs += 60_000
    },
  })
  const a = proc([slow, blocker], { storage, clock })
  const ids = (await a.work.add(Array.from({ length: 3 }, () => slow.with()))).map(({ id }) => id)
  await a.work.start()
  await clock.tick('1s')
  await a.work.add(blocker)
  await clock.tick('5s')
  end.resolve()
  await clock.tick('1s')
  expect(starts).toBe(3)
  for (const row of storage.get(ids)) expect(row).toMatchObject({ state: 'completed', tries: 1 })
})
