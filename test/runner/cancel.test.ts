/** Cancelling, and retrying by hand, while a worker does something with the same task. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { fixed, LeaseLostError, type TaskContext, task } from '../../src/index.ts'
import { manualClock, type Verb } from '../../src/testing/index.ts'
import { later, proc, rowOf } from './kit.ts'
import { checkHistory, ledger } from './ledger.ts'

/** A worker that runs one task, and an operator in another process. */
async function running(onCall: (verb: Verb, when: 'before' | 'after') => void = () => {}) {
  const storage = ledger(memory())
  const clock = manualClock()
  const contexts: TaskContext[] = []
  const end = later<string>()
  const work = task('work', {
    retry: fixed({ maxAttempts: 3, delay: 0 }),
    run: (context: TaskContext) => {
      contexts.push(context)
      void context.signal
      return end.promise
    },
  })
  const worker = proc([work], { storage, clock, onCall })
  const operator = proc([work], { storage, clock })
  const { id } = await operator.work.add(work)
  await worker.work.start()
  await clock.settle()
  return { storage, clock, contexts, end, worker, operator, id, work }
}

describe('a cancel', () => {
  // Each order in which the two writes and their answers can meet.
  test.each([
    ['before', 'before'],
    ['before', 'after'],
    ['after', 'before'],
    ['after', 'after'],
  ] as const)(
    'RC-04 P-CANCEL that meets a completion (%s its write, %s the other): one wins and both are told the truth',
    async (when, first) => {
      let cancelled: Promise<boolean> | undefined
      const completed: string[] = []
      const lost: string[] = []
      const house = await running((verb, at) => {
        if (verb === 'apply' && at === when && !cancelled) cancelled = house.operator.work.cancel(house.id)
      })
      house.worker.work.on('completed', ({ id }) => completed.push(id))
      house.worker.work.on('lost', ({ id }) => lost.push(id))
      if (first === 'before') house.worker.freeze()
      house.end.resolve('done')
      await house.clock.settle()
      house.worker.thaw()
      await house.clock.settle()
      const won = await cancelled
      const { state } = await rowOf(house.storage, house.id)
      expect(state).toBe(won ? 'cancelled' : 'completed')
      expect(completed).toEqual(won ? [] : [house.id])
      expect(lost).toEqual(won ? [house.id] : [])
      expect(house.storage.history(house.id).ends).toHaveLength(1)
      checkHistory(house.storage, house.id)
    },
  )

  test.each(['here', 'elsewhere'] as const)(
    'RC-05 P-CANCEL %s while the claim is on its way: not started here, aborted from elsewhere; the end is cancelled',
    async (where) => {
      const storage = ledger(memory())
      const clock = manualClock()
      const contexts: TaskContext[] = []
      const work = task('work', {
        run: (context: TaskContext) => {
          contexts.push(context)
          void context.signal
          return new Promise((resolve) => void clock.after(15_000, () => resolve('done')))
        },
      })
      const operator = proc([work], { storage, clock })
      let cancelled: Promise<boolean> | undefined
      const slow = Object.assign(Object.create(storage) as typeof storage, {
        claim: async (request: Parameters<typeof storage.claim>[0]) => {
          const rows = storage.claim(request)
          if (rows[0]) cancelled = (where === 'here' ? a : operator).work.cancel(rows[0].id)
          if (rows[0]) await clock.settle()
          return rows
        },
      })
      const a = proc([work], { storage: slow, clock })
      const { id } = await a.work.add(work)
      await a.work.start()
      await clock.tick('11s')
      expect(await cancelled).toBe(true)
      expect(contexts.map(({ signal }) => signal.aborted)).toEqual(where === 'here' ? [] : [true])
      await clock.tick('1m')
      expect(await rowOf(storage, id)).toMatchObject({ state: 'cancelled', tries: 1 })
      expect(a.work.running && (await a.work.status()).worker.held).toBe(0)
      checkHistory(storage, id)
    },
  )

  test.each([
    ['fails', new Error('failed')],
    ['is aborted and throws its reason', undefined],
  ])('RC-06 of a running task that then %s: it ends cancelled and is not retried', async (_, error) => {
    const { storage, clock, contexts, end, operator, id } = await running()
    expect(await operator.work.cancel(id)).toBe(true)
    await clock.tick('11s')
    expect(contexts[0]!.signal.reason).toBeInstanceOf(LeaseLostError)
    end.reject(error ?? contexts[0]!.signal.reason)
    await clock.tick('1m')
    expect(await rowOf(storage, id)).toMatchObject({ state: 'cancelled', wakeAt: null })
    expect(contexts).toHaveLength(1)
    checkHistory(storage, id)
  })

  test('of a task in this very process aborts it at once', async () => {
    const { clock, contexts, worker, id } = await running()
    expect(await worker.work.cancel(id)).toBe(true)
    expect(contexts[0]!.signal.reason).toBeInstanceOf(LeaseLostError)
    expect(await worker.work.cancel(id)).toBe(false)
    await clock.settle()
  })
})

describe('a retry by hand', () => {
  test('RC-07 of a running task is refused, and the run goes on', async () => {
    const { storage, clock, contexts, end, operator, id } = await running()
    expect(await operator.work.retry(id)).toBe(false)
    await clock.tick('1s')
    expect(contexts).toHaveLength(1)
    end.resolve('done')
    await clock.settle()
    expect(await rowOf(storage, id)).toMatchObject({ state: 'completed', tries: 1 })
  })

  test('RC-07 of a cancelled task whose old run goes on: a new fence, and only the new run is recorded', async () => {
    const { storage, clock, contexts, end, operator, id, work } = await running()
    expect(await operator.work.cancel(id)).toBe(true)
    expect(await operator.work.retry(id)).toBe(true)
    await clock.tick('2s')
    expect(contexts).toHaveLength(2)
    expect(contexts[1]!.fence).toBeGreaterThan(contexts[0]!.fence)
    expect(contexts[1]!.attempt).toBe(1)
    await clock.tick('11s')
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([true, false])
    end.resolve(work.name)
    await clock.settle()
    expect(storage.history(id).ends).toEqual(['cancelled', 'completed'])
    expect(await operator.work.get(id)).toMatchObject({ state: 'completed', attempts: 1 })
    checkHistory(storage, id)
  })
})
