/** Leases: who may write, who may claim, and when a handler is told that it is over. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { fixed, LeaseLostError, type TaskContext, task } from '../../src/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { later, proc, rowOf } from './kit.ts'
import { checkHistory, ledger } from './ledger.ts'

interface Run {
  readonly context: TaskContext
  readonly end: ReturnType<typeof later<string>>
}

/** One definition whose runs wait for the test to end them, A that has begun one and is frozen, and B that took it over. */
async function takenOver() {
  const storage = ledger(memory())
  const clock = manualClock()
  const runs: Run[] = []
  const work = task('work', {
    retry: fixed({ maxAttempts: 5, delay: 0 }),
    run: (context: TaskContext) => {
      const run = { context, end: later<string>() }
      runs.push(run)
      // Asked for at once, so that the test sees it abort.
      void context.signal
      return run.end.promise
    },
  })
  const extended: boolean[][] = []
  const a = proc([work], {
    storage,
    clock,
    onCall: (verb, when, _, answer) => {
      if (verb === 'extend' && when === 'after') extended.push(answer as boolean[])
    },
  })
  const b = proc([work], { storage, clock })
  const lost: string[] = []
  a.work.on('lost', ({ id }) => lost.push(id))
  const { id } = await a.work.add(work)
  await a.work.start()
  await clock.tick('1s')
  runs[0]!.context.progress('of A')
  runs[0]!.context.log('of A')
  a.freeze()
  await b.work.start()
  await clock.tick('29s')
  expect(runs).toHaveLength(1)
  // The first beat made it 31 s, and B polls within 1.2 s.
  await clock.tick('3s')
  expect(runs).toHaveLength(2)
  return { storage, clock, a, b, runs, id, lost, extended }
}

describe('a worker that paused past its lease while another claimed', () => {
  test('LZ-01 P-FENCE completes after the other completed: it is told that it lost, and the other result stays', async () => {
    const { storage, clock, a, b, runs, id, lost } = await takenOver()
    runs[1]!.end.resolve('of B')
    await clock.tick(10)
    const before = await rowOf(storage, id)
    expect(before.state).toBe('completed')
    runs[0]!.end.resolve('of A')
    a.thaw()
    await clock.tick('1m')
    expect(await rowOf(storage, id)).toEqual(before)
    expect((await b.work.get(id))?.result).toBe('of B')
    expect(lost).toEqual([id])
    checkHistory(storage, id)
  })

  test.each([
    ['LZ-02 completes', (run: Run) => run.end.resolve('of A')],
    ['LZ-03 fails', (run: Run) => run.end.reject(new Error('of A'))],
  ])('%s while the other runs: refused, P-FENCE the row is unchanged and the other goes on', async (_, end) => {
    const { storage, clock, a, b, runs, id, lost } = await takenOver()
    const before = await rowOf(storage, id)
    end(runs[0]!)
    a.thaw()
    await clock.settle()
    expect(await rowOf(storage, id)).toEqual(before)
    expect(lost).toEqual([id])
    await clock.tick('2m')
    expect(runs).toHaveLength(2)
    expect(runs[1]!.context.signal.aborted).toBe(false)
    runs[1]!.end.resolve('of B')
    await clock.tick(10)
    expect(await b.work.get(id)).toMatchObject({ state: 'completed', result: 'of B', attempts: 2 })
    checkHistory(storage, id)
  })

  test('LZ-04 sends a heartbeat: refused, its signal aborts, the lease of the other is not made longer', async () => {
    const { storage, clock, a, runs, id, extended } = await takenOver()
    const before = await rowOf(storage, id)
    const told = extended.length
    a.thaw()
    await clock.settle()
    expect(extended.slice(told).flat()).toEqual([false])
    expect(await rowOf(storage, id)).toEqual(before)
    expect(runs[0]!.context.signal.reason).toBeInstanceOf(LeaseLostError)
    expect(runs[1]!.context.signal.aborted).toBe(false)
  })

  test('LZ-05 writes progress, logs and items: none of it is stored', async () => {
    const { storage, clock, a, b, runs, id } = await takenOver()
    const before = await rowOf(storage, id)
    a.thaw()
    runs[0]!.context.progress('of A, too late')
    await clock.settle()
    await clock.tick('1s')
    await expect(runs[0]!.context.emit('of A, too late')).rejects.toThrow(LeaseLostError)
    expect((await rowOf(storage, id)).memo).toBe(before.memo)
    runs[1]!.end.resolve('of B')
    runs[0]!.end.resolve('of A')
    await clock.tick('2s')
    expect(await b.work.get(id)).toMatchObject({ result: 'of B', progress: undefined, logs: [], itemCount: 0 })
    expect((await storage.find({ parent: id }, 10)).rows).toEqual([])
  })
})

test('LZ-06 P-FENCE a worker claims its own lapsed task again: what the old run settles is refused', async () => {
  const storage = ledger(memory())
  const clock = manualClock()
  const runs: Run[] = []
  const work = task('work', {
    run: (context: TaskContext) => {
      const run = { context, end: later<string>() }
      runs.push(run)
      return run.end.promise
    },
  })
  let beats = true
  const a = proc([work], {
    storage,
    clock,
    poll: '500ms',
    onCall: (verb, when) => {
      if (verb === 'extend' && when === 'before' && !beats) throw new Error('no heartbeat gets through')
    },
  })
  const { id } = await a.work.add(work)
  await a.work.start()
  await clock.tick('1s')
  beats = false
  await clock.tick('31s')
  expect(runs).toHaveLength(2)
  beats = true
  // Beats from here on hold the second run's lease; the ledger sees to it that no id is extended twice in one call.
  await clock.tick('11s')
  runs[0]!.end.resolve('old')
  await clock.settle()
  expect((await a.work.get(id))?.state).toBe('running')
  runs[1]!.end.resolve('new')
  await clock.tick(10)
  expect(await a.work.get(id)).toMatchObject({ state: 'completed', result: 'new', attempts: 2 })
  expect(runs[1]!.context.fence).toBeGreaterThan(runs[0]!.context.fence)
  checkHistory(storage, id)
})

test.each(['1s', '6s', '9s', '30s', '2m'] as const)(
  'LZ-14 CR-12 with a lease of %s a handler whose heartbeats fail or hang is told before others may claim',
  async (lease) => {
    for (const hangs of [false, true]) {
      const storage = ledger(memory())
      const clock = manualClock()
      let abortedAt = 0
      const work = task('work', {
        run: ({ signal }: TaskContext) =>
          new Promise<void>(() => {
            signal.addEventListener('abort', () => {
              abortedAt ||= clock.now()
            })
          }),
      })
      let beats = true
      const a = proc([work], {
        storage: Object.assign(Object.create(storage), {
          extend: (...args: Parameters<typeof storage.extend>) => {
            if (beats) return storage.extend(...args)
            if (hangs) return new Promise(() => {})
            throw new Error('no heartbeat gets through')
          },
        }),
        clock,
        lease,
      })
      const { id } = await a.work.add(work)
      await a.work.start()
      // Long enough for renewals, so that the lease ends by the start of the last good one.
      await clock.tick(lease)
      await clock.tick(lease)
      expect(abortedAt).toBe(0)
      beats = false
      const leaseEndsAt = (await rowOf(storage, id)).wakeAt!
      await clock.tick(lease)
      expect(abortedAt, `hangs: ${hangs}`).toBeGreaterThan(0)
      expect(abortedAt, `hangs: ${hangs}`).toBeLessThan(leaseEndsAt)
    }
  },
)
