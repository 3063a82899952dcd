/** What happens to a dispatch while its items are still being read, and to what one before it left at work. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { FatalError, piecework, type TaskContext, task } from '../../src/index.ts'
import { faulty } from '../../src/testing/index.ts'
import { kit } from '../runner/face/kit.ts'
import { later, once } from '../runner/kit.ts'

const quiet = { info() {}, warn() {}, error() {} }

interface Input {
  readonly item: unknown
}

/** Executions that end when they are told to. */
function gated() {
  const gates = new Map<unknown, ReturnType<typeof later<void>>>()
  const begun: unknown[] = []
  const consumer = task('gated', {
    run: async ({ input }: TaskContext<Input>) => {
      begun.push(input.item)
      const gate = later()
      gates.set(input.item, gate)
      await gate.promise
    },
  })
  return { consumer, begun, gates }
}

const of = (...ids: unknown[]) => ids.map((id) => ({ id }))

describe('a dispatch', () => {
  test('of a slow source uses the slots of the one before as soon as those end, not when all is read', async () => {
    const { consumer, begun, gates } = gated()
    const { work, clock } = kit([consumer])
    await work.start()
    await work.dispatch({ items: of('a', 'b'), attribute: 'id', to: consumer, workers: 2 })
    await clock.tick('1s')
    expect(begun.toSorted()).toEqual(['a', 'b'])

    const rest = later()
    async function* slowly() {
      await rest.promise
      yield { id: 'c' }
      yield { id: 'd' }
      yield { id: 'e' }
      await new Promise(() => {})
    }
    void work.dispatch({ items: slowly(), attribute: 'id', to: consumer, workers: 2 })
    await clock.tick('1s')
    // They end before the second dispatch has anything to put in their place.
    for (const gate of gates.values()) gate.resolve()
    await clock.tick('1s')
    rest.resolve()
    await clock.tick('1s')
    expect(begun).toHaveLength(4)
    for (const gate of gates.values()) gate.resolve()
    await clock.tick('1s')
    expect(begun.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('that is cancelled reads no further, and leaves nothing that waits', async () => {
    const consumer = task('consumer', { run: (_: TaskContext<Input>) => {} })
    const storage = memory({ batchMax: 4 })
    const work = piecework({ storage, definitions: [consumer], logger: quiet })
    let read = 0
    let isClosed = false
    async function* endless() {
      try {
        for (; ; read++) {
          if (read === 10) await work.cancel('dispatch.consumer')
          yield { id: read }
        }
      } finally {
        isClosed = true
      }
    }
    const run = await work.dispatch({ items: endless(), attribute: 'id', to: consumer, workers: 1 })
    expect(read).toBeLessThan(20)
    expect(isClosed).toBe(true)
    expect(await run.done()).toMatchObject({ state: 'cancelled' })
    expect(storage.find({ parent: run.id, states: ['held', 'waiting'] }, 100).rows).toEqual([])
    expect(await work.drain()).toBe(0)
  })

  test('whose seal has lost its answer is over at once, with nobody who wakes it', async () => {
    const storage = memory()
    const consumer = task('consumer', { run: (_: TaskContext<Input>) => {} })
    // The tracker is taken, noted, and then sealed.
    const work = piecework({
      storage: faulty(storage, once('apply', 3, 'after')),
      definitions: [consumer],
      logger: quiet,
    })
    const run = await work.dispatch({ items: [], attribute: 'id', to: consumer })
    expect(await run.info()).toMatchObject({ state: 'completed', result: { items: 0, run: 0 } })
  })

  test('that is cancelled in the moment that it is taken says nothing of another dispatch', async () => {
    const storage = memory()
    const consumer = task('consumer', { run: (_: TaskContext<Input>) => {} })
    const other = piecework({ storage, definitions: [consumer], logger: quiet })
    let applies = 0
    const cancelling = {
      ...storage,
      async apply(...args: Parameters<typeof storage.apply>) {
        if (++applies === 2) expect(await other.cancel('dispatch.consumer')).toBe(true)
        return storage.apply(...args)
      },
    }
    const work = piecework({ storage: cancelling, definitions: [consumer], logger: quiet })
    const run = await work.dispatch({ items: of(1, 2), attribute: 'id', to: consumer })
    expect(await run.info()).toMatchObject({ state: 'cancelled', remaining: 0 })
  })

  test('does not count in its report what one before it left at work and none of its items brings', async () => {
    const gate = later()
    const consumer = task('consumer', {
      run: async ({ input }: TaskContext<Input>) => {
        if (input.item !== 'bad') return
        await gate.promise
        throw new FatalError('no such shop')
      },
    })
    const { work, clock } = kit([consumer])
    await work.start()
    await work.dispatch({ items: of('bad'), attribute: 'id', to: consumer })
    await clock.tick('1s')
    const second = await work.dispatch({ items: of('good'), attribute: 'id', to: consumer })
    gate.resolve()
    await clock.tick('1s')
    expect((await second.info()).result).toMatchObject({ items: 1, run: 1, completed: 1, exhausted: 0 })
    // It did fail, and the next one that brings it knows.
    const third = await work.dispatch({ items: of('bad', 'good'), attribute: 'id', to: consumer })
    expect((await third.info()).result).toMatchObject({ run: 0, completed: 0, exhausted: 1, skipped: 1 })
    await work.stop()
  })
})
