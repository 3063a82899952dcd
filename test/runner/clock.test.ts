/** Clocks that are wrong, step, sleep, or are asked for delays that a timer cannot hold. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { fixed, task } from '../../src/index.ts'
import { systemClock } from '../../src/runner/clock.ts'
import { StorageClock } from '../../src/runner/storage-clock.ts'
import type { Storage } from '../../src/storage/index.ts'
import { type ManualClock, manualClock } from '../../src/testing/index.ts'
import { proc, rowOf } from './kit.ts'
import { checkHistory, ledger } from './ledger.ts'

const hour = 3_600_000

/** The storage with a clock of its own. */
function timed<Stored extends Storage>(storage: Stored, now: () => number): Stored {
  const traits = { ...storage.traits, shared: true }
  return Object.assign(Object.create(storage) as Stored, { traits, now: () => ({ now: now(), error: 0 }) })
}

/** The clock of a machine that is set wrong. */
function skewed(clock: ManualClock, skewMs: number): ManualClock {
  return { ...clock, now: () => clock.now() + skewMs }
}

test('CK-01 P-NOT-EARLY workers an hour behind, right and an hour ahead start nothing early and steal no lease', async () => {
  const clock = manualClock()
  const storage = ledger(memory())
  const started: { id: string; at: number }[] = []
  const work = task('work', {
    retry: fixed({ maxAttempts: 3, delay: '10s' }),
    run: async ({ id, attempt }) => {
      started.push({ id, at: clock.now() })
      await new Promise<void>((resolve) => void clock.after(70_000, resolve))
      if (attempt === 1) throw new Error('once')
    },
  })
  const workers = [-hour, 0, hour].map((skewMs) =>
    proc([work], { storage: timed(storage, clock.now), clock: skewed(clock, skewMs), concurrency: 2 }),
  )
  const added = await Promise.all(workers.map(({ work: each }) => each.add(work, undefined, { delay: '1m' })))
  const dueAt = clock.now() + 60_000
  for (const { work: each } of workers) await each.start()
  await clock.tick('10m')
  expect(started).toHaveLength(6)
  for (const { at } of started) expect(at).toBeGreaterThanOrEqual(dueAt)
  for (const { id } of added) {
    expect(await rowOf(storage, id)).toMatchObject({ state: 'completed', tries: 2 })
    checkHistory(storage, id)
  }
})

test('CK-02 the storage steps back ten minutes: no fence is used twice and the delay is no more than the step', async () => {
  const clock = manualClock()
  let stepMs = 0
  const storage = ledger(memory())
  const fences: number[] = []
  const work = task('work', {
    retry: fixed({ maxAttempts: 3, delay: '10s' }),
    run: ({ fence, attempt }) => {
      fences.push(fence)
      if (attempt < 3) throw new Error('again')
    },
  })
  const a = proc([work], { storage: timed(storage, () => clock.now() + stepMs), clock })
  await a.work.start()
  const { id } = await a.work.add(work, undefined, { id: 'again' })
  await clock.tick('5s')
  stepMs = -600_000
  await clock.tick('90s')
  const now = await a.work.add(work)
  await clock.tick('1s')
  expect((await rowOf(storage, now.id)).tries).toBe(1)
  await clock.tick('10m')
  expect((await rowOf(storage, id)).state).toBe('completed')
  checkHistory(storage, id)
  // The id is removed and comes back: even now its fences go on rising.
  await a.work.purge()
  await a.work.add(work, undefined, { id: 'again' })
  await clock.tick('1m')
  const own = storage.history(id).claims.map(({ rev }) => rev)
  expect(own).toHaveLength(6)
  expect([...own].sort((one, other) => one - other)).toEqual(own)
  expect(new Set(own).size).toBe(6)
})

test('CK-03 a worker whose clock jumps back a day, or forward, polls again within its interval', async () => {
  for (const step of [-24 * hour, 24 * hour]) {
    const clock = manualClock()
    const truth = { at: clock.now() - clock.monotonic() }
    const storage = timed(memory(), () => truth.at + clock.monotonic())
    const work = task('work', { run: () => {} })
    let claims = 0
    const a = proc([work], {
      storage,
      clock,
      onCall: (verb, when) => verb === 'claim' && when === 'before' && claims++,
    })
    await a.work.start()
    await clock.tick('3s')
    clock.step(step)
    claims = 0
    await clock.tick('10s')
    expect(claims).toBeGreaterThanOrEqual(8)
    expect(claims).toBeLessThanOrEqual(14)
    const { id } = await a.work.add(work)
    await clock.tick('2s')
    expect((await rowOf(storage, id)).state).toBe('completed')
  }
})

describe('StorageClock', () => {
  test('CK-02 CK-03 never goes backwards, stands still until a step is caught up with, and carries on', async () => {
    const clock = manualClock()
    let stepMs = 0
    const time = new StorageClock(
      timed(memory(), () => clock.now() + stepMs),
      clock,
    )
    await time.synchronise()
    const before = time.now()
    stepMs = -5_000
    await time.synchronise()
    expect(time.now()).toBe(before)
    await clock.tick('4s')
    expect(time.now()).toBe(before)
    await clock.tick('2s')
    expect(time.now()).toBe(before + 1_000)
  })

  test.each([true, false])(
    'LZ-15 tells that the machine slept until it is synchronised (own clock of the storage: %s)',
    async (own) => {
      const clock = manualClock()
      const storage = own ? timed(memory(), clock.now) : memory()
      const time = new StorageClock(storage, clock)
      await time.synchronise()
      await clock.tick('1h')
      expect(time.hasSlept()).toBe(false)
      clock.step(hour)
      expect(time.hasSlept()).toBe(true)
      await time.synchronise()
      expect(time.hasSlept()).toBe(false)
      expect(time.now()).toBe(clock.now())
      clock.step(-2_000)
      expect(time.hasSlept()).toBe(true)
    },
  )
})

describe('after() of the machine clock', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test.each([30 * 24 * hour, 2 ** 31, 2 ** 31 - 1, 2 ** 32 + 5])(
    'CK-05 waits %d ms and no less, an hour at a time',
    (delayMs) => {
      let calls = 0
      systemClock.after(delayMs, () => calls++)
      vi.advanceTimersByTime(delayMs - 1_000)
      expect(calls).toBe(0)
      expect(vi.getTimerCount()).toBe(1)
      vi.advanceTimersByTime(1_000)
      expect(calls).toBe(1)
      expect(vi.getTimerCount()).toBe(0)
    },
  )

  test.each([2 ** 53, Number.POSITIVE_INFINITY])('CK-05 never fires for %d ms, and looks once an hour', (delayMs) => {
    let calls = 0
    const set = vi.spyOn(globalThis, 'setTimeout')
    const cancel = systemClock.after(delayMs, () => calls++)
    vi.advanceTimersByTime(100 * hour)
    expect(calls).toBe(0)
    expect(set.mock.calls.length).toBeLessThanOrEqual(102)
    cancel()
    expect(vi.getTimerCount()).toBe(0)
  })

  test.each([Number.NaN, -1, 0])('CK-05 fires once, and never goes round, for %d ms', (delayMs) => {
    let calls = 0
    systemClock.after(delayMs, () => calls++)
    vi.advanceTimersByTime(10_000)
    expect(calls).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })
})

test.each([Number.NaN, -1, Number.POSITIVE_INFINITY, 2 ** 53, '1e9d'])(
  'CK-05 a delay of %s is refused by add',
  async (delay) => {
    const work = task('work', { run: () => {} })
    await expect(proc([work]).work.add(work, undefined, { delay: delay as number })).rejects.toThrow(TypeError)
  },
)
