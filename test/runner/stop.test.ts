/** Stopping: in time, once or often, with handlers that do not end, and with calls on their way. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { StoppingError, type TaskContext, task } from '../../src/index.ts'
import type { ClaimRequest, Storage } from '../../src/storage/index.ts'
import { manualClock, type Verb } from '../../src/testing/index.ts'
import { later, proc, rowOf } from './kit.ts'
import { checkHistory, ledger } from './ledger.ts'

const never = () => new Promise<never>(() => {})

describe('stop', () => {
  test('SD-01 with handlers that do not end resolves in time and lists what it gave back and what it left', async () => {
    const clock = manualClock()
    const storage = ledger(memory())
    const reasons: unknown[] = []
    const deaf = task('deaf', { run: never })
    const polite = task('polite', {
      run: ({ signal }: TaskContext) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason)
            reject(signal.reason)
          })
        }),
    })
    const a = proc([deaf, polite], { storage, clock })
    const left = await a.work.add(deaf)
    const given = await a.work.add(polite)
    await a.work.start()
    await clock.tick('1s')
    const began = clock.now()
    const stopped = a.work.stop({ timeout: '5s' }).then((report) => ({ report, tookMs: clock.now() - began }))
    await clock.tick('10s')
    const { report, tookMs } = await stopped
    expect(tookMs).toBeLessThanOrEqual(5_250)
    expect(report).toEqual({ givenBack: [given.id], abandoned: [left.id] })
    expect(reasons[0]).toBeInstanceOf(StoppingError)
    expect(await rowOf(storage, given.id)).toMatchObject({ state: 'waiting', tries: 0 })
    expect(await rowOf(storage, left.id)).toMatchObject({ state: 'running', tries: 1 })
    expect(a.timers()).toBe(0)
    for (const { id } of [left, given]) checkHistory(storage, id)
  })

  test('SD-02 while a claim is on its way gives back what it brings, and no attempt is counted', async () => {
    const clock = manualClock()
    const storage = ledger(memory())
    const runs: string[] = []
    const work = task('work', { run: ({ id }) => void runs.push(id) })
    let report: Promise<unknown> | undefined
    const a = proc([work], {
      storage,
      clock,
      onCall: (verb, when) => {
        if (verb === 'claim' && when === 'after') report ??= a.work.stop()
      },
    })
    const { id } = await a.work.add(work)
    await a.work.start()
    await clock.tick('1s')
    expect(await report).toEqual({ givenBack: [id], abandoned: [] })
    expect(runs).toEqual([])
    expect(await rowOf(storage, id)).toMatchObject({ state: 'waiting', tries: 0, wakeAt: expect.any(Number) })
    checkHistory(storage, id)
  })

  test('SD-02 P-STOP runs and writes nothing when a claim answers long after it resolved', async () => {
    const clock = manualClock()
    const storage = memory()
    const gate = later()
    const calls: Verb[] = []
    const runs: string[] = []
    const work = task('work', { run: ({ id }) => void runs.push(id) })
    const slow = Object.assign(Object.create(storage) as Storage, {
      claim: async (...args: Parameters<typeof storage.claim>) => {
        const rows = storage.claim(...args)
        await gate.promise
        return rows
      },
    })
    const a = proc([work], { storage: slow, clock, onCall: (verb, when) => when === 'before' && calls.push(verb) })
    const { id } = await a.work.add(work)
    await a.work.start()
    await clock.tick('1s')
    const stopped = a.work.stop({ timeout: '1s' })
    await clock.tick('2s')
    await stopped
    calls.length = 0
    gate.resolve()
    await clock.tick('10s')
    expect(runs).toEqual([])
    expect(calls).toEqual([])
    expect(a.timers()).toBe(0)
    // A later start finds what that claim took, and does not count it.
    await a.work.start()
    await clock.tick('2s')
    expect(await rowOf(storage, id)).toMatchObject({ state: 'completed', tries: 1 })
  })

  test('P-STOP during an outage writes nothing afterwards and leaves no timer', async () => {
    const clock = manualClock()
    const storage = memory()
    let down = false
    const calls: string[] = []
    const end = later()
    const work = task('work', {
      run: ({ progress }: TaskContext) => {
        progress('half')
        return end.promise
      },
    })
    const a = proc([work], {
      storage,
      clock,
      onCall: (verb, when) => {
        if (when === 'before') calls.push(verb)
        if (down) throw new Error('the storage is away')
      },
    })
    await a.work.add(work)
    await a.work.start()
    await clock.settle()
    down = true
    end.resolve()
    await clock.tick('20s')
    const stopped = a.work.stop({ timeout: '1s' })
    await clock.tick('2s')
    expect((await stopped).abandoned).toHaveLength(1)
    expect(a.timers()).toBe(0)
    calls.length = 0
    down = false
    await clock.tick('1m')
    expect(calls).toEqual([])
  })

  test('P-STOP waits for a task that runs in the foreground, as for any other', async () => {
    const clock = manualClock()
    const storage = memory()
    const end = later()
    const work = task('work', { run: () => end.promise })
    const a = proc([work], { storage, clock })
    const { id } = await a.work.add(work)
    const ran = a.work.runNext()
    await clock.settle()
    let report: unknown
    void a.work.stop().then((made) => {
      report = made
    })
    await clock.tick('5s')
    expect(report).toBeUndefined()
    end.resolve()
    await clock.settle()
    expect(report).toEqual({ givenBack: [], abandoned: [] })
    expect((await ran)?.id).toBe(id)
    expect(await rowOf(storage, id)).toMatchObject({ state: 'completed', tries: 1 })
  })

  test('SD-05 after the app closed the storage resolves, and makes no storm of errors', async () => {
    const clock = manualClock()
    const storage = memory()
    const end = later()
    const work = task('work', { run: () => end.promise })
    const a = proc([work], { storage, clock })
    await a.work.add(work)
    await a.work.start()
    await clock.tick('1s')
    storage.close()
    end.resolve()
    const stopped = a.work.stop({ timeout: '5s' })
    await clock.tick('6s')
    await stopped
    expect(a.lines.filter((line) => !line.startsWith('info')).length).toBeLessThanOrEqual(1)
    expect(a.timers()).toBe(0)
  })
})

test('P-STOP while a claim is failing does not wait as if to claim again', async () => {
  const clock = manualClock()
  const storage = memory()
  let fail: ((error: Error) => void) | undefined
  let isDown = false
  const claim = (request: ClaimRequest) =>
    isDown ? new Promise<never>((_, reject) => (fail = reject)) : storage.claim(request)
  const a = proc([task('work', { run: () => {} })], {
    storage: Object.assign(Object.create(storage), { claim }),
    clock,
  })
  await a.work.start()
  isDown = true
  for (let failures = 0; failures < 8; failures++) {
    await clock.tick('5s')
    fail?.(new Error('no answer'))
  }
  await clock.tick('5s')
  let stopped = false
  void a.work.stop().then(() => {
    stopped = true
  })
  await clock.settle()
  expect(stopped).toBe(false)
  fail?.(new Error('no answer'))
  await clock.settle()
  expect(stopped).toBe(true)
})

test.each([
  ['drain', 0],
  ['runNext', undefined],
] as const)(
  'P-STOP a %s that still asks the storage for its time when a stop comes runs nothing after it',
  async (call, nothing) => {
    const clock = manualClock()
    const inner = memory()
    let answer: () => void = () => {}
    const storage: Storage = Object.assign(Object.create(inner) as Storage, {
      traits: { ...inner.traits, shared: true },
      now: () =>
        new Promise((resolve) => {
          answer = () => resolve({ now: clock.now(), error: 0 })
        }),
    })
    const runs: string[] = []
    const work = task('work', { run: ({ id }) => void runs.push(id) })
    await proc([work], { storage: inner, clock }).work.add(work)
    const a = proc([work], { storage, clock })
    const called = a.work[call]()
    await clock.settle()
    const stopping = a.work.stop()
    await clock.tick('1s')
    expect(await stopping).toEqual({ givenBack: [], abandoned: [] })
    answer()
    await clock.tick('1s')
    expect(await called).toBe(nothing)
    expect(runs).toEqual([])
  },
)
