/** Items: kept in order, only of the good attempt, read back lazily. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../../adapters/memory/index.ts'
import { never, type TaskContext, task } from '../../../src/index.ts'
import { faulty } from '../../../src/testing/index.ts'
import { kit, noted, onEachStorage, rejection, rowsIn } from './kit.ts'

async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const item of items) all.push(item)
  return all
}

onEachStorage(
  'items come back in the order of emit, awaited or not, and status counts tasks alone',
  async (storage) => {
    const spread = task('spread', {
      run: async ({ input, emit }: TaskContext<number>) => {
        for (let index = 0; index < input; index += 2) {
          void emit({ index })
          await emit({ index: index + 1, text: 'x'.repeat(1_000) })
        }
      },
    })
    const { work } = kit([spread], { storage })
    const { id } = await work.add(spread, 500)
    const none = await work.add(spread, 0)
    await work.drain()
    expect(await work.get(id)).toMatchObject({ state: 'completed', itemCount: 500 })
    const items = (await collect(work.items(id))) as { index: number }[]
    expect(items.map(({ index }) => index)).toEqual(Array.from({ length: 500 }, (_, index) => index))
    expect(await collect(work.items(none.id))).toEqual([])
    expect(await rowsIn(storage)).toBeGreaterThan(5)
    expect((await work.status()).tasks).toEqual({ spread: { completed: 2 } })
  },
)

onEachStorage('only the items of the attempt that was good are kept, each once', async (storage) => {
  const crawl = task('crawl', {
    run: async ({ attempt, emit }) => {
      await emit(`attempt ${attempt}`)
      await emit('x'.repeat(70_000))
      if (attempt < 3) throw new Error('again')
      await emit('last')
    },
  })
  const { work, clock } = kit([crawl], { storage })
  const { id } = await work.add(crawl)
  for (let attempt = 1; attempt <= 3; attempt++) {
    await work.drain()
    if (attempt < 3) expect([(await work.get(id))?.itemCount, await collect(work.items(id))]).toEqual([0, []])
    await clock.tick('10s')
  }
  expect((await work.get(id))?.itemCount).toBe(3)
  expect(await collect(work.items(id))).toEqual(['attempt 3', 'x'.repeat(70_000), 'last'])
})

test('a success check that says bad drops the items', async () => {
  const crawl = task('crawl', {
    check: ({ itemCount }) => itemCount > 1,
    run: ({ emit, attempt }) => Promise.all(Array.from({ length: attempt }, () => emit(attempt))).then(() => {}),
  })
  const { work, clock } = kit([crawl])
  const { id } = await work.add(crawl)
  await work.drain()
  expect(await collect(work.items(id))).toEqual([])
  await clock.tick('10s')
  await work.drain()
  expect(await collect(work.items(id))).toEqual([2, 2])
})

describe('many items', () => {
  const flood = task('flood', {
    run: async ({ input, emit }: TaskContext<number>) => {
      for (let index = 0; index < input; index++) await emit({ index, text: 'x'.repeat(1_000) })
    },
  })

  test('are read a bounded page at a time, as they are asked for', async () => {
    const { storage, calls } = noted(memory({ batchMax: 20 }))
    const { work } = kit([flood], { storage })
    const { id } = await work.add(flood, 5_000)
    await work.drain()
    expect(await rowsIn(storage)).toBeLessThan(120)
    calls.length = 0
    const reader = work.items(id)
    expect(await reader.next()).toMatchObject({ value: { index: 0 } })
    expect(calls).toEqual([
      { verb: 'get', size: 1, answered: 1 },
      { verb: 'find', size: 20, answered: 20 },
    ])
    let count = 1
    for await (const item of reader) expect((item as { index: number }).index).toBe(count++)
    expect(count).toBe(5_000)
    expect(Math.max(...calls.map(({ answered }) => answered))).toBe(20)
  })

  test('wait for the storage: emit resolves when it can take more', async () => {
    let inserting = 0
    let most = 0
    const base = memory()
    const slow = {
      ...base,
      insert: async (rows: Parameters<typeof base.insert>[0]) => {
        most = Math.max(most, ++inserting)
        await new Promise<void>((resolve) => setImmediate(resolve))
        inserting--
        return base.insert(rows)
      },
    }
    const { work } = kit([flood], { storage: slow })
    await work.add(flood, 1_000)
    await work.drain()
    expect(most).toBe(1)
  })
})

test('PL-01 DB-26 an item that cannot be kept is refused where it is emitted, and the handler may go on', async () => {
  const errors: unknown[] = []
  const odd = task('odd', {
    run: async ({ emit }) => {
      for (const item of [{ when: new Date() }, undefined, 'x'.repeat(20_000)]) {
        errors.push(await rejection((async () => emit(item))()))
      }
      await emit('fine')
    },
  })
  const { work } = kit([odd], { storage: memory({ rowMaxBytes: 10_000 }) })
  const { id } = await work.add(odd)
  await work.drain()
  expect(errors).toMatchObject([
    { name: 'PayloadError', path: '$.when' },
    { name: 'PayloadError', path: '$' },
    { name: 'PieceworkError', code: 'too_large', message: expect.stringContaining('20003 bytes') },
  ])
  expect(await collect(work.items(id))).toEqual(['fine'])
})

test('PL-01 an item that cannot be kept fails the attempt also where the handler does not wait for it', async () => {
  const careless = task('careless', {
    retry: never(),
    run: async ({ emit }) => {
      void emit(new Date())
      return 'done'
    },
  })
  const { work } = kit([careless])
  const { id } = await work.add(careless)
  await work.drain()
  expect(await work.get(id)).toMatchObject({ state: 'failed', errors: [{ name: 'PayloadError' }] })
})

test('DB-01 P-AMBIG rows of items survive an insert whose answer is lost, without a second copy or a failed attempt', async () => {
  const pair = task('pair', {
    run: async ({ emit }) => {
      await emit('x'.repeat(65_000))
      await emit('last')
    },
  })
  const { storage, clock } = kit([])
  // The first insert adds the task; the next two are the rows of items.
  const losing = faulty(storage, (verb, call) => (verb === 'insert' && call % 2 === 0 ? 'after' : 'pass'))
  const { work } = kit([pair], { storage: losing, clock })
  await work.start()
  const { id } = await work.add(pair)
  await clock.tick('5s')
  expect(await work.get(id)).toMatchObject({ state: 'completed', attempts: 1, itemCount: 2 })
  expect(await collect(work.items(id))).toHaveLength(2)
  await work.stop()
})

test('items of what is not there are an error, of what is not completed none', async () => {
  const flood = task('flood', { run: async ({ emit }) => emit(1) })
  const { work } = kit([flood])
  const { id } = await work.add(flood)
  expect(await collect(work.items(id))).toEqual([])
  await expect(collect(work.items('nobody'))).rejects.toMatchObject({ code: 'not_found' })
})
