/** Many workers, many tasks, fast and slow ones side by side: few queries, no hoarding, nothing that grows. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { piecework, type TaskContext, task } from '../../src/index.ts'
import type { Storage } from '../../src/storage/index.ts'
import { manualClock, type Verb } from '../../src/testing/index.ts'
import { later, proc } from './kit.ts'

/** Without its hints, as a database without notifications. */
function quiet(storage: Storage): Storage {
  return Object.assign(Object.create(storage) as Storage, { watch: undefined })
}

describe('idle workers', () => {
  test('LD-01 one asks about once a second, whatever number of definitions it has, and twice as seldom where told', async () => {
    const clock = manualClock()
    for (const [poll, most] of [
      ['1s', 130],
      ['2s', 65],
    ] as const) {
      const calls: Verb[] = []
      const definitions = Array.from({ length: 20 }, (_, index) => task(`work-${index}`, { run: () => {} }))
      const onCall = (verb: Verb, when: string) => when === 'before' && calls.push(verb)
      const a = proc(definitions, { storage: quiet(memory()), clock, poll, onCall })
      await a.work.start()
      await clock.tick('5s')
      calls.length = 0
      await clock.tick('100s')
      // A claim, and a look at the pauses.
      expect(calls.filter((verb) => verb === 'claim').length).toBeLessThanOrEqual(most)
      expect(calls.length).toBeLessThanOrEqual(2 * most)
      expect(a.timers()).toBeLessThanOrEqual(2)
      await a.work.stop()
    }
  })

  test('LD-01 fifty that began together ask at different times soon after, and one new task costs few queries', async () => {
    const clock = manualClock()
    const storage = quiet(memory())
    const claims: number[] = []
    const runs: string[] = []
    const work = task('work', { run: ({ id }) => void runs.push(id) })
    const onCall = (verb: Verb, when: string) => verb === 'claim' && when === 'before' && claims.push(clock.now())
    const workers = Array.from({ length: 50 }, () => proc([work], { storage, clock, onCall }))
    await Promise.all(workers.map(({ work: each }) => each.start()))
    await clock.tick('5s')
    claims.length = 0
    await clock.tick('1s')
    const slots = Array.from(
      { length: 10 },
      (_, slot) => claims.filter((at) => Math.floor((at % 1_000) / 100) === slot).length,
    )
    const mean = claims.length / 10
    expect(Math.max(...slots)).toBeLessThan(4 * mean)
    claims.length = 0
    await workers[0]!.work.add(work)
    await clock.tick('1s')
    expect(runs).toHaveLength(1)
    expect(claims.length).toBeLessThanOrEqual(50 * 1.25 + 5)
  })
})

describe('fetching ahead', () => {
  test('LD-04 P-ATTEMPT slow tasks that were fetched behind fast ones go back within seconds, uncounted, and others run them', async () => {
    const clock = manualClock()
    const storage = memory()
    const started = new Map<number, string>()
    const definition = (holder: string) =>
      task('work', {
        run: async ({ input, attempt }: TaskContext<number>) => {
          expect(attempt).toBe(1)
          started.set(input, holder)
          if (input >= 200) await new Promise<void>((resolve) => void clock.after(60_000, resolve))
        },
      })
    const [forA, forB] = [definition('a'), definition('b')]
    const a = proc([forA], { storage, clock, concurrency: 2 })
    const b = proc([forB], { storage, clock, concurrency: 20 })
    await a.work.add(Array.from({ length: 200 }, (_, input) => forA.with(input)))
    await a.work.start()
    await clock.tick('1s')
    expect(started.size).toBe(200)
    await a.work.add(Array.from({ length: 20 }, (_, index) => forA.with(200 + index)))
    await clock.settle()
    expect((await a.work.status()).worker.held).toBe(20)
    await b.work.start()
    await clock.tick('5s')
    expect((await a.work.status()).worker.held).toBe(2)
    expect([...started.values()].filter((holder) => holder === 'b')).toHaveLength(18)
  })

  test('LD-04 a definition with a limit of one never runs twice at once, and does not keep others waiting', async () => {
    const clock = manualClock()
    let together = 0
    let most = 0
    const one = task('one', {
      concurrency: 1,
      run: async () => {
        most = Math.max(most, ++together)
        await new Promise<void>((resolve) => void clock.after(1_000, resolve))
        together--
      },
    })
    let fast = 0
    const other = task('other', { run: () => void fast++ })
    const a = proc([one, other], { clock, concurrency: 4 })
    await a.work.add(Array.from({ length: 30 }, () => one.with()))
    await a.work.start()
    await clock.tick('2s')
    for (let round = 0; round < 10; round++) {
      await a.work.add(Array.from({ length: 20 }, () => other.with()))
      await clock.tick('1s')
      expect(fast).toBe((round + 1) * 20)
    }
    await clock.tick('40s')
    expect(most).toBe(1)
    expect((await a.work.status()).tasks.one).toEqual({ completed: 30 })
  })
})

test('LD-03 free places claim for others while many of a definition at its limit were fetched ahead', async () => {
  const clock = manualClock()
  const storage = quiet(memory())
  let isSlow = false
  let ran = 0
  const pause = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))
  const one = task('one', { concurrency: 1, run: () => (isSlow ? pause(60_000) : undefined) })
  const other = task('other', {
    run: async () => {
      ran++
      await pause(10)
    },
  })
  const a = proc([one, other], { storage, clock })
  const adder = proc([one, other], { storage, clock })
  await a.work.add(Array.from({ length: 2_000 }, () => one.with()))
  await a.work.start()
  await clock.tick('1s')
  isSlow = true
  await adder.work.add(Array.from({ length: 400 }, () => one.with()))
  // A poll lies 0.8 to 1.2 s behind the last, and what is fetched ahead goes back after 2 s.
  await clock.tick('1300ms')
  expect((await a.work.status()).worker.held).toBeGreaterThan(50)
  await adder.work.add(Array.from({ length: 200 }, () => other.with()))
  // 9 places, 10 ms each, after a poll: 9 a second before the places asked for more.
  await clock.tick('1500ms')
  expect(ran).toBe(200)
})

describe('fifty thousand tasks through one process', () => {
  test('LD-06 leave no timer, no listener and no memory behind', async () => {
    const storage = memory()
    const warnings: unknown[] = []
    const onWarning = (warning: unknown) => void warnings.push(warning)
    process.on('warning', onWarning)
    const work = task('work', {
      timeout: '1h',
      run: ({ signal, log }: TaskContext<number>) => {
        signal.addEventListener('abort', () => {}, { once: true })
        log('ran')
      },
    })
    const instance = piecework({ storage, definitions: [work] })
    const batch = Array.from({ length: 1_000 }, (_, index) => work.with(index))
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const heap = () => {
      collect()
      return process.memoryUsage().heapUsed
    }
    await instance.start()
    const before = { timers: timers(), heap: 0 }
    for (let round = 0; round < 50; round++) {
      await instance.add(batch)
      await instance.drain()
      await instance.purge()
      if (round === 9) before.heap = heap()
      expect(timers()).toBeLessThanOrEqual(before.timers + 3)
    }
    expect(heap() - before.heap).toBeLessThan(4e6)
    expect((await instance.status()).tasks.work).toEqual({})
    await instance.stop()
    process.off('warning', onWarning)
    expect(warnings).toEqual([])
  })
})

test('LD-02 a stream of high priority goes first, strictly, and low priority runs when there is room', async () => {
  const clock = manualClock()
  const ran: string[] = []
  const gate = later()
  const work = task('work', {
    run: ({ input }: TaskContext<string>) => {
      ran.push(input)
      return input === 'first' ? gate.promise : undefined
    },
  })
  const a = proc([work], { clock, concurrency: 1 })
  await a.work.add(work, 'first')
  await a.work.start()
  await clock.settle()
  await a.work.add(work, 'low', { priority: 9 })
  for (let index = 0; index < 5; index++) await a.work.add(work, 'high', { priority: 0 })
  gate.resolve()
  await clock.tick('2s')
  expect(ran).toEqual(['first', 'high', 'high', 'high', 'high', 'high', 'low'])
})
