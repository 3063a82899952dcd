/** Interleavings inside one process: an answer, an end or a call that comes in just the wrong turn. */
import { expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { fixed, type TaskContext, task } from '../../src/index.ts'
import { manualClock, type Verb } from '../../src/testing/index.ts'
import { later, proc, rowOf } from './kit.ts'
import { checkHistory, ledger } from './ledger.ts'

const turns = Array.from({ length: 40 }, (_, turn) => turn)

test.each(turns)(
  'P-LIVE an attempt that ends %i turns after the answer about another is stored as well',
  async (turn) => {
    const clock = manualClock()
    const storage = memory()
    const first = later()
    const second = later()
    const ends: Record<string, Promise<void>> = { first: first.promise, second: second.promise }
    const work = task('work', { run: ({ input }: TaskContext<string>) => ends[input] })
    const onCall = async (verb: Verb, when: string) => {
      if (verb !== 'apply' || when !== 'after') return
      for (let at = 0; at < turn; at++) await null
      second.resolve()
    }
    const { work: instance } = proc([work], { storage, clock, onCall })
    await instance.add(work, 'first')
    const { id } = await instance.add(work, 'second')
    await instance.start()
    await clock.settle()
    first.resolve()
    await clock.settle()
    expect((await rowOf(storage, id)).state).toBe('completed')
  },
)

test.each(turns)('P-LIVE a drain that begins %i turns after another found nothing ends as well', async (turn) => {
  const { work } = proc([task('work', { run: () => {} })])
  let ended = 0
  void work.drain().then(() => ended++)
  for (let at = 0; at < turn; at++) await null
  void work.drain().then(() => ended++)
  await manualClock().settle()
  expect(ended).toBe(2)
})

test('P-EXCL a heartbeat that meets a write of progress under way is not taken for a lost lease', async () => {
  const clock = manualClock()
  const storage = memory()
  const end = later()
  let signal: AbortSignal | undefined
  const work = task('work', {
    run: (context: TaskContext) => {
      signal = context.signal
      const timer = () => {
        context.progress('on')
        clock.after(500, timer)
      }
      timer()
      return end.promise
    },
  })
  // Two connections: what was sent second takes effect first and is answered last.
  const crossed = Object.assign(Object.create(storage) as typeof storage, {
    extend: async (...args: Parameters<typeof storage.extend>) => {
      await clock.settle()
      return storage.extend(...args)
    },
    apply: async (...args: Parameters<typeof storage.apply>) => {
      const answer = storage.apply(...args)
      await clock.settle()
      await clock.settle()
      return answer
    },
  })
  const { work: instance } = proc([work], { storage: crossed, clock })
  const { id } = await instance.add(work)
  await instance.start()
  for (let second = 0; second < 60; second++) {
    await clock.tick('1s')
    await clock.settle()
    await clock.settle()
  }
  expect(signal?.aborted).toBe(false)
  end.resolve()
  await clock.tick('1s')
  await clock.settle()
  expect((await rowOf(storage, id)).state).toBe('completed')
})

test('LZ-06 no call names an id twice when a worker stood still and claimed its own lapsed task', async () => {
  const clock = manualClock()
  for (const stillFor of ['31s', '45s', '61s', '95s'] as const) {
    const storage = ledger(memory())
    const ends: ReturnType<typeof later<void>>[] = []
    const work = task('work', {
      retry: fixed({ maxAttempts: 9, delay: 0 }),
      run: () => {
        const end = later()
        ends.push(end)
        return end.promise
      },
    })
    let beats = true
    const a = proc([work], {
      storage,
      clock,
      poll: '100ms',
      onCall: (verb, when) => {
        if (verb === 'extend' && when === 'before' && !beats) throw new Error('no heartbeat gets through')
      },
    })
    const { id } = await a.work.add(work)
    await a.work.start()
    await clock.tick('1s')
    a.freeze()
    beats = false
    await clock.tick(stillFor)
    a.thaw()
    await clock.tick('1s')
    beats = true
    await clock.tick('1s')
    for (const end of ends) end.resolve()
    await clock.tick('1m')
    checkHistory(storage, id)
    expect((await rowOf(storage, id)).state).toBe('completed')
    await a.work.stop()
  }
})

test('ER-01 a handler that throws what cannot be looked at fails its task and frees its place', async () => {
  const clock = manualClock()
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const work = task('work', {
    retry: fixed({ maxAttempts: 1 }),
    run: () => {
      throw revoked.proxy
    },
  })
  const { work: instance } = proc([work], { clock, concurrency: 1 })
  const { id } = await instance.add(work)
  const other = await instance.add(work)
  await instance.start()
  await clock.tick('1s')
  expect((await instance.get(id))?.state).toBe('failed')
  expect((await instance.get(other.id))?.state).toBe('failed')
})
