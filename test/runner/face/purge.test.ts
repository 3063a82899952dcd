/** `purge`: what is done goes, a page at a time, once the sink has it; its items go with it. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../../adapters/memory/index.ts'
import { FatalError, type TaskInfo, task } from '../../../src/index.ts'
import { gate, kit, noted, onEachStorage, rowsIn } from './kit.ts'

const echo = task('echo', { run: ({ input }) => input })
const nice = task('nice', { run: () => Promise.reject(new FatalError('no')) })
const spread = task('spread', {
  run: async ({ emit, attempt }) => {
    for (let index = 0; index < 10; index++) await emit('x'.repeat(30_000))
    if (attempt === 1) throw new Error('again')
  },
})
const definitions = [echo, nice, spread]

describe('what goes', () => {
  onEachStorage('M24 everything that is done, counted by state; what waits, runs or is held stays', async (storage) => {
    const door = gate()
    const long = task('long', { run: () => door.opened })
    const { work, clock } = kit([...definitions, long], { storage })
    await work.start()
    await work.add([
      echo.with(1),
      echo.with(2),
      nice.with(1),
      echo.with(3, { delay: '1h' }),
      echo.with(4, { hold: true }),
    ])
    await work.add(long)
    await clock.settle()
    await work.cancel((await work.add(echo, 5, { hold: true })).id)
    expect(await work.purge()).toEqual({ completed: 2, failed: 1, cancelled: 1 })
    expect((await work.status()).tasks).toEqual({
      echo: { waiting: 1, held: 1 },
      nice: {},
      spread: {},
      long: { running: 1 },
    })
    door.open()
    await work.stop()
  })

  test('M25 only the states that are asked for, only those that may go, and all are checked first', async () => {
    const { work } = kit(definitions)
    await work.add([echo.with(1), nice.with(1)])
    await work.drain()
    const states = ['completed', 'running'] as unknown as ['completed']
    await expect(work.purge({ states })).rejects.toThrow('`states`')
    expect(await work.purge({ states: ['failed', 'cancelled'] })).toEqual({ failed: 1, cancelled: 0 })
    expect(await work.purge({ states: [] })).toEqual({})
    expect((await work.status()).tasks.echo).toEqual({ completed: 1 })
  })

  onEachStorage('only what is old enough, and only of the names that are given', async (storage) => {
    const { work, clock } = kit(definitions, { storage })
    await work.add([echo.with(1), nice.with(1)])
    await work.drain()
    await clock.tick('1h')
    await work.add(echo, 2)
    await work.drain()
    expect(await work.purge({ olderThan: '2h' })).toEqual({ completed: 0, failed: 0, cancelled: 0 })
    expect(await work.purge({ olderThan: '1h', names: ['echo'] })).toEqual({ completed: 1, failed: 0, cancelled: 0 })
    expect((await work.status()).tasks).toMatchObject({ echo: { completed: 1 }, nice: { failed: 1 } })
    expect(await work.purge({ names: ['nobody'] })).toEqual({ completed: 0, failed: 0, cancelled: 0 })
  })

  onEachStorage('nothing with dryRun, which counts what would go, past the end of a page', async (storage) => {
    const { work, clock } = kit(definitions, { storage })
    await work.add(Array.from({ length: 1_200 }, (_, index) => echo.with(index)))
    await work.add(nice)
    await work.drain()
    await clock.tick('1h')
    await work.add([echo.with(1), echo.with(2, { delay: '1h' })])
    await work.drain()
    const before = await work.status()
    let seen = 0
    const sink = () => void seen++
    expect(await work.purge({ dryRun: true, sink })).toEqual({ completed: 1_201, failed: 1, cancelled: 0 })
    const by = { olderThan: '1h', names: ['echo'], states: ['completed'] } as const
    expect(await work.purge({ ...by, dryRun: true })).toEqual({ completed: 1_200 })
    expect([await work.status(), seen]).toEqual([before, 0])
    expect(await work.purge(by)).toEqual({ completed: 1_200 })
    await expect(work.purge({ dryRun: 'yes' as never })).rejects.toThrow('Expected `dryRun` to be')
  })

  onEachStorage('items too, those of bad attempts as well', async (storage) => {
    const { work, clock } = kit(definitions, { storage })
    const { id } = await work.add(spread)
    await work.drain()
    await clock.tick('10s')
    await work.drain()
    expect(await work.get(id)).toMatchObject({ state: 'completed', itemCount: 10 })
    expect(await rowsIn(storage)).toBeGreaterThan(8)
    expect(await work.purge()).toMatchObject({ completed: 1 })
    expect(await rowsIn(storage)).toBe(0)
  })
})

describe('the sink', () => {
  onEachStorage('gets each page before it goes, with its items still there to be read', async (storage) => {
    const { work, clock } = kit(definitions, { storage })
    await work.add([spread.with(), echo.with('kept')])
    await work.drain()
    await clock.tick('10s')
    await work.drain()
    const dumped: TaskInfo[] = []
    let items = 0
    const sink = async (tasks: readonly TaskInfo[]) => {
      dumped.push(...tasks)
      for (const { id } of tasks) for await (const _ of work.items(id)) items++
    }
    expect(await work.purge({ sink })).toMatchObject({ completed: 2 })
    expect(dumped.map(({ name }) => name).sort()).toEqual(['echo', 'spread'])
    expect(dumped.find(({ name }) => name === 'echo')).toMatchObject({ input: 'kept', result: 'kept', attempts: 1 })
    expect(items).toBe(10)
  })

  test('that throws keeps its page; the pages before it are gone and the rest can be purged later', async () => {
    const { storage, calls } = noted(memory({ batchMax: 4 }))
    const { work } = kit(definitions, { storage })
    await work.add(Array.from({ length: 10 }, (_, index) => echo.with(index)))
    await work.drain()
    const seen: unknown[] = []
    const sink = (tasks: readonly TaskInfo[]) => {
      if (seen.length >= 4) throw new Error('the disk is full')
      seen.push(...tasks.map(({ input }) => input))
    }
    await expect(work.purge({ sink })).rejects.toThrow('the disk is full')
    expect(seen).toHaveLength(4)
    expect((await work.status()).tasks.echo).toEqual({ completed: 6 })
    calls.length = 0
    expect(await work.purge()).toMatchObject({ completed: 6 })
    expect(Math.max(...calls.map(({ answered }) => answered))).toBe(4)
  })

  test('P-ABSORB what is retried by hand while the sink has it stays', async () => {
    const { work } = kit(definitions)
    const { id } = await work.add(nice)
    await work.drain()
    const sink = async () => {
      await work.retry(id)
    }
    expect(await work.purge({ sink })).toEqual({ completed: 0, failed: 0, cancelled: 0 })
    expect((await work.get(id))?.state).toBe('waiting')
  })
})
