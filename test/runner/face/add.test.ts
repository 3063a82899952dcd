/** `add`: when a task is due, in which order, under which key and id; many at once; and what a repeated one answers. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../../adapters/memory/index.ts'
import { type TaskContext, task } from '../../../src/index.ts'
import { kit, noted, onEachStorage, rowsIn } from './kit.ts'

const echo = task('echo', { run: ({ input }: TaskContext<unknown>) => input })
const shout = task('shout', { run: ({ input }: TaskContext<string>) => input.toUpperCase() })
const definitions = [echo, shout]

describe('when', () => {
  onEachStorage('P-NOT-EARLY a delayed task runs after its delay and not before', async (storage) => {
    const { work, clock } = kit(definitions, { storage })
    await work.start()
    const { id } = await work.add(echo, 1, { delay: '5m' })
    await clock.tick('4m')
    await clock.tick(59_999)
    expect((await work.get(id))?.state).toBe('waiting')
    await clock.tick('20ms')
    expect((await work.get(id))?.state).toBe('completed')
    await work.stop()
  })

  onEachStorage('an instant may be a Date or milliseconds, and one that has passed is due at once', async (storage) => {
    const { work, clock } = kit(definitions, { storage })
    const at = clock.now() + 60_000
    const later = await work.add([echo.with(1, { at }), echo.with(2, { at: new Date(at) })])
    const early = await work.add(echo, 3, { at: at - 120_000 })
    expect(await work.drain()).toBe(1)
    expect((await work.get(early.id))?.runAt).toBe(at - 120_000)
    await clock.tick('1m')
    expect(await work.drain()).toBe(2)
    expect((await work.get(later[1]!.id))?.runAt).toBe(at)
  })

  onEachStorage('M42 a held task waits for its release, once, and may be cancelled', async (storage) => {
    const { work, clock } = kit(definitions, { storage })
    const [first, second] = await work.add([echo.with(1, { hold: true }), echo.with(2, { hold: true, delay: '1h' })])
    await work.start()
    await clock.tick('2h')
    expect((await work.get(first!.id))?.state).toBe('held')
    expect([await work.release(first!.id), await work.release(first!.id)]).toEqual([true, false])
    await clock.settle()
    expect((await work.get(first!.id))?.state).toBe('completed')
    expect(await work.cancel(second!.id)).toBe(true)
    expect(await work.release(second!.id)).toBe(false)
    await work.stop()
  })
})

onEachStorage('P-ORDER priority goes before time, and time before the order of adding', async (storage) => {
  const started: unknown[] = []
  const note = task('note', { run: ({ input }) => void started.push(input) })
  const { work, clock } = kit([note], { storage, concurrency: 1 })
  const now = clock.now()
  await work.add([
    note.with('default'),
    note.with('last', { priority: 9 }),
    note.with('earlier', { at: now - 1 }),
    note.with('first', { priority: 0 }),
    note.with('default too'),
  ])
  await work.drain()
  expect(started).toEqual(['first', 'earlier', 'default', 'default too', 'last'])
})

describe('keys and ids', () => {
  onEachStorage('a key is unique among unfinished tasks of a definition and free after them', async (storage) => {
    const { work } = kit(definitions, { storage })
    const first = await work.add(echo, 1, { key: 'a' })
    expect(await work.add(echo, 2, { key: 'a' })).toEqual({ id: first.id, status: 'duplicate' })
    expect((await work.add(shout, 'x', { key: 'a' })).status).toBe('added')
    expect((await work.get(first.id))?.key).toBe('a')
    await work.drain()
    expect((await work.get(first.id))?.key).toBeUndefined()
    expect((await work.add(echo, 3, { key: 'a' })).status).toBe('added')
  })

  onEachStorage('an id of the caller answers duplicate, also after the task is done', async (storage) => {
    const { work } = kit(definitions, { storage })
    expect(await work.add(echo, 1, { id: 'order 7' })).toEqual({ id: 'order 7', status: 'added' })
    await work.drain()
    expect(await work.add(echo, 2, { id: 'order 7' })).toEqual({ id: 'order 7', status: 'duplicate' })
    expect((await work.get('order 7'))?.input).toBe(1)
  })

  onEachStorage('RC-01 P-KEY of 64 adds of one key at once one adds, and all learn its id', async (storage) => {
    const { work, clock } = kit(definitions, { storage })
    const { work: other } = kit(definitions, { storage, clock })
    const adds = Array.from({ length: 64 }, (_, index) => (index % 2 ? work : other).add(echo, index, { key: 'one' }))
    const added = await Promise.all(adds)
    expect(new Set(added.map(({ id }) => id)).size).toBe(1)
    expect(added.filter(({ status }) => status === 'added')).toHaveLength(1)
    expect(await rowsIn(storage)).toBe(1)
  })

  onEachStorage('RC-02 a key that is added while its holder completes is joined or added anew', async (storage) => {
    const { work, clock } = kit(definitions, { storage })
    const ids = new Set<string>()
    await work.start()
    for (let round = 0; round < 20; round++) {
      const adds = Array.from({ length: 5 }, () => work.add(echo, round, { key: 'one' }))
      if (round % 2) await clock.settle()
      for (const { id, status } of await Promise.all(adds)) {
        if (status === 'duplicate') expect(ids).toContain(id)
        ids.add(id)
      }
    }
    await clock.tick('2s')
    for (const id of ids) expect((await work.get(id))?.state).toBe('completed')
    await work.stop()
  })

  onEachStorage('RC-03 a task that is retried beside a newer one with its key disturbs nobody', async (storage) => {
    const { work } = kit(definitions, { storage })
    const old = await work.add(echo, 1, { key: 'a' })
    await work.cancel(old.id)
    const newer = await work.add(echo, 2, { key: 'a' })
    expect(await work.retry(old.id)).toBe(true)
    expect(await work.add(echo, 3, { key: 'a' })).toEqual({ id: newer.id, status: 'duplicate' })
    expect(await work.drain()).toBe(2)
    expect([(await work.get(old.id))?.state, (await work.get(newer.id))?.state]).toEqual(['completed', 'completed'])
  })
})

describe('many', () => {
  onEachStorage('a batch of several definitions answers by position', async (storage) => {
    const { work } = kit(definitions, { storage })
    const batch = [echo.with(1, { key: 'a' }), shout.with('b'), echo.with(2, { key: 'a' })]
    const [first, second, third] = await work.add(batch)
    expect([first?.status, second?.status, third]).toEqual(['added', 'added', { id: first?.id, status: 'duplicate' }])
    expect(await work.add([])).toEqual([])
    await work.drain()
    expect((await work.get(second!.id))?.result).toBe('B')
  })

  test('100 adds in flight are a few inserts, and a batch over the limit of the storage is cut', async () => {
    const { storage, calls } = noted(memory({ batchMax: 40 }))
    const { work } = kit(definitions, { storage })
    const added = await Promise.all(Array.from({ length: 100 }, (_, index) => work.add(echo, index)))
    expect(new Set(added.map(({ id }) => id)).size).toBe(100)
    expect(calls.map(({ verb, size }) => [verb, size])).toEqual([
      ['insert', 40],
      ['insert', 40],
      ['insert', 20],
    ])
  })

  onEachStorage('P-INVENT an input is what it was when add was called', async (storage) => {
    const { work } = kit(definitions, { storage })
    const reused = { number: 0 }
    const options = { key: '' }
    const adds = [1, 2, 3].map((number) => {
      reused.number = number
      options.key = String(number)
      return work.add(echo, reused, options)
    })
    reused.number = 99
    for (const [index, { id, status }] of (await Promise.all(adds)).entries()) {
      expect(status).toBe('added')
      expect(await work.get(id)).toMatchObject({ input: { number: index + 1 }, key: String(index + 1) })
    }
  })
})
