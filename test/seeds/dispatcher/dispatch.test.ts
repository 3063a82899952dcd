/** The parallel item dispatcher: which items are run, how often, how many at once, and what a second run does. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../../adapters/memory/index.ts'
import {
  type DispatchReport,
  type DispatchRun,
  fixed,
  retryPresets,
  type TaskContext,
  task,
} from '../../../src/index.ts'
import { manualClock } from '../../../src/testing/index.ts'
import { gate, kit, onEachStorage, rejection, rowsIn } from '../../runner/face/kit.ts'
import { proc } from '../../runner/kit.ts'

interface Input {
  readonly item: unknown
}

const itemsOf = (...values: readonly unknown[]) => values.map((store_source_id) => ({ store_source_id }))
const attribute = 'store_source_id'

async function reportOf(run: DispatchRun): Promise<DispatchReport | undefined> {
  return (await run.done()).result
}

describe('what is run', () => {
  test('D1 items, attribute and consumer are named; eight workers, no arguments, and what is left, unless said otherwise', async () => {
    const { opened, open } = gate()
    let now = 0
    const inputs: unknown[] = []
    const consumer = task('availability', {
      run: ({ input }: TaskContext<Input>) => {
        now++
        inputs.push(input)
        return opened
      },
    })
    const { work, clock } = kit([consumer], { concurrency: 20 })
    await work.start()
    const run = await work.dispatch({ items: itemsOf(...Array(20).keys()), attribute, to: consumer })
    await clock.tick('1s')
    expect([run.id, now, Object.keys(inputs[0] as object)]).toEqual(['dispatch.availability', 8, ['item']])
    open()
    await clock.tick('1m')
    expect(await reportOf(run)).toMatchObject({ items: 20, run: 20, completed: 20 })
    const good = { items: [], attribute, to: consumer }
    for (const missing of ['items', 'attribute', 'to']) {
      const error = await rejection(work.dispatch({ ...good, [missing]: undefined } as never))
      expect([error, error.message]).toEqual([expect.any(TypeError), expect.stringContaining(`\`${missing}\``)])
    }
    await work.stop()
  })

  onEachStorage(
    'D2 each item has one execution, never more than `workers` at once over all processes',
    async (storage) => {
      const clock = manualClock()
      let now = 0
      let most = 0
      const seen: unknown[] = []
      const consumer = task('availability', {
        run: async ({ input }: TaskContext<Input>) => {
          seen.push(input.item)
          most = Math.max(most, ++now)
          await new Promise<void>((resolve) => void clock.after(1_000, resolve))
          now--
        },
      })
      const processes = [kit([consumer], { storage, clock, concurrency: 10 }), kit([consumer], { storage, clock })]
      for (const { work } of processes) await work.start()
      const values = [...Array(40).keys()]
      const run = await processes[0]!.work.dispatch({ items: itemsOf(...values), attribute, to: consumer, workers: 5 })
      await clock.tick('1m')
      expect(await run.info()).toMatchObject({ state: 'completed', result: { run: 40, completed: 40 } })
      expect([seen.toSorted((a, b) => Number(a) - Number(b)), most]).toEqual([values, 5])
      for (const { work } of processes) await work.stop()
    },
  )

  test('D3 B33 the arguments go to each execution, and bad ones are refused before anything is stored', async () => {
    const inputs: unknown[] = []
    const consumer = task('availability', {
      run: ({ input }: TaskContext<Input & { products_job: string }>) => void inputs.push(input),
    })
    const { work, storage } = kit([consumer])
    const good = { items: itemsOf('a', 'b'), attribute, to: consumer, args: { products_job: '168012/129/5' } }
    for (const bad of ['{"a": 1}', 7, ['a'], { item: 'mine' }, { when: new Date(0) }, { size: Number.NaN }]) {
      expect(await rejection(work.dispatch({ ...good, args: bad as never }))).toBeInstanceOf(TypeError)
    }
    expect(await rowsIn(storage)).toBe(0)
    await work.dispatch(good)
    await work.drain()
    expect(inputs).toEqual(['a', 'b'].map((item) => ({ products_job: '168012/129/5', item })))
  })

  test('D10 B33 an item without the attribute is refused and told, never run as "null"; what is merely falsy is a value', async () => {
    const seen: unknown[] = []
    const consumer = task('availability', { run: ({ input }: TaskContext<Input>) => void seen.push(input.item) })
    const { work } = kit([consumer])
    const items = [{ other: 1 }, ...itemsOf(null, undefined, 0, '', false), null, 'text', { [attribute]: new Date(0) }]
    const run = await work.dispatch({ items, attribute, to: consumer })
    await work.drain()
    expect(seen.toSorted()).toEqual(['', 0, false].toSorted())
    const report = await reportOf(run)
    expect(report).toMatchObject({ items: 9, run: 3, completed: 3, refused: 6 })
    const reasons = ['it has no', 'is null', 'is undefined', 'no object', 'no object', 'faithfully']
    expect(report?.refusals).toEqual(
      [0, 1, 2, 6, 7, 8].map((at, index) => ({ at, reason: expect.stringContaining(reasons[index] as string) })),
    )
  })

  test('D11 what is wrong with one item or one execution is no matter of the others', async () => {
    const consumer = task('availability', {
      retry: retryPresets.dispatcher,
      run: ({ input }: TaskContext<Input>) => {
        if (input.item === 'b') throw new Error('blocked')
      },
    })
    const { work } = kit([consumer])
    const run = await work.dispatch({ items: [...itemsOf('a'), {}, ...itemsOf('b', 'c')], attribute, to: consumer })
    await work.drain()
    expect(await reportOf(run)).toMatchObject({ run: 3, completed: 2, exhausted: 1, refused: 1 })
  })

  onEachStorage('D13 the consumer sees the value as it was in the item', async (storage) => {
    const values = [5, '5', '"5"', ' padded ', true, [1, 'two'], { a: { b: null } }, '[1]', 'text']
    const seen: unknown[] = []
    const consumer = task('availability', { run: ({ input }: TaskContext<Input>) => void seen.push(input.item) })
    const { work } = kit([consumer], { storage })
    await work.dispatch({ items: itemsOf(...values), attribute, to: consumer })
    await work.drain()
    expect(seen).toHaveLength(values.length)
    expect(seen).toEqual(expect.arrayContaining(values))
  })

  onEachStorage('B30 B35 a value that comes again is run once, whatever the order of its keys', async (storage) => {
    const seen: unknown[] = []
    const consumer = task('availability', { run: ({ input }: TaskContext<Input>) => void seen.push(input.item) })
    const { work } = kit([consumer], { storage })
    // Also far from each other, so that they are not stored together.
    const between = [...Array(700).keys()]
    const values = [
      { a: 1, b: { c: 2, d: [3] } },
      ...between,
      { b: { d: [3], c: 2 }, a: 1 },
      { a: 1, b: { c: 2, d: [3, 4] } },
    ]
    const run = await work.dispatch({ items: itemsOf(...values), attribute, to: consumer })
    await work.drain()
    expect(await reportOf(run)).toMatchObject({ items: 703, run: 702, completed: 702, repeated: 1 })
    expect(seen.filter((item) => typeof item === 'object')).toHaveLength(2)
  })
})

describe('executions', () => {
  onEachStorage(
    'D5 D6 B32 a bad one is tried again twice, in the run itself: three in all, counted from 1',
    async (storage) => {
      const tries: Record<string, number[]> = {}
      const consumer = task('availability', {
        run: ({ input, attempt }: TaskContext<{ item: string }>) => {
          tries[input.item] = [...(tries[input.item] ?? []), attempt]
          if (input.item === 'bad' || (input.item === 'late' && attempt < 3)) throw new Error('blocked')
        },
      })
      const { work, clock } = kit([consumer], { storage })
      await work.start()
      const go = async () => {
        const run = await work.dispatch({ items: itemsOf('good', 'late', 'bad'), attribute, to: consumer })
        await clock.tick('5m')
        return (await run.info()).result
      }
      expect(await go()).toMatchObject({ run: 3, completed: 2, exhausted: 1, skipped: 0 })
      const all = { good: [1], late: [1, 2, 3], bad: [1, 2, 3] }
      expect(tries).toEqual(all)
      expect(await go()).toMatchObject({ run: 0, completed: 0, exhausted: 1, skipped: 2 })
      expect(tries).toEqual(all)
      await work.stop()
    },
  )

  test('D5 executions of a run before count: three are three, in however many runs', async () => {
    const attempts: number[] = []
    const consumer = task('availability', {
      retry: fixed({ maxAttempts: 3, delay: '1h' }),
      run: ({ attempt }: TaskContext<Input>) => {
        attempts.push(attempt)
        throw new Error('blocked')
      },
    })
    const { work, clock } = kit([consumer])
    await work.start()
    const go = () => work.dispatch({ items: itemsOf('a'), attribute, to: consumer })
    for (let run = 1; run <= 3; run++) {
      await go()
      await clock.tick('1s')
      expect(attempts).toEqual([1, 2, 3].slice(0, run))
    }
    const last = await go()
    await clock.tick('3h')
    expect(attempts).toEqual([1, 2, 3])
    expect((await last.info()).result).toMatchObject({ run: 0, exhausted: 1 })
    await work.stop()
  })

  test('B29 one whose process dies counts, so that a value that kills is not run for ever', async () => {
    const [storage, clock] = [memory(), manualClock()]
    let executions = 0
    for (let life = 0; life < 10; life++) {
      const killer = task('killer', {
        run: () => {
          executions++
          one.kill()
          return new Promise<void>(() => {})
        },
      })
      const one = proc([killer], { storage, clock })
      const run = await one.work.dispatch({ items: itemsOf('a'), attribute, to: killer, id: 'd' })
      await one.work.start()
      await clock.tick('2m')
      expect(executions).toBe(Math.min(life + 1, 3))
      // The fourth finds that it may not run any more; those that follow need not look.
      if (life >= 3) expect((await run.info()).result).toMatchObject({ run: life === 3 ? 1 : 0, exhausted: 1 })
      one.kill()
    }
  })
})

describe('a second run', () => {
  onEachStorage(
    'D4 D7 does what is left and what failed before its limit, and with `begin` everything',
    async (storage) => {
      let isBroken = true
      const seen: string[] = []
      const consumer = task('availability', {
        retry: fixed({ maxAttempts: 3, delay: '1h' }),
        run: ({ input, attempt }: TaskContext<{ item: string }>) => {
          seen.push(`${input.item}${attempt}`)
          if (input.item === 'failed' && isBroken) throw new Error('blocked')
        },
      })
      const { work, clock } = kit([consumer], { storage })
      await work.start()
      const go = async (begin: boolean, ...values: string[]) => {
        seen.length = 0
        const run = await work.dispatch({ items: itemsOf(...values), attribute, to: consumer, begin })
        await clock.tick('1s')
        return { seen: seen.toSorted(), state: (await run.info()).state, result: (await run.info()).result }
      }
      expect(await go(false, 'done', 'failed')).toMatchObject({ seen: ['done1', 'failed1'], state: 'mapping' })
      isBroken = false
      expect(await go(false, 'done', 'failed', 'left')).toMatchObject({
        seen: ['failed2', 'left1'],
        result: { items: 3, run: 2, completed: 2, skipped: 1, exhausted: 0 },
      })
      expect(await go(false, 'done', 'failed', 'left')).toMatchObject({ seen: [], result: { run: 0, skipped: 3 } })
      expect(await go(true, 'done', 'failed', 'left')).toMatchObject({
        seen: ['done1', 'failed1', 'left1'],
        result: { run: 3, completed: 3, skipped: 0 },
      })
      await work.stop()
    },
  )

  test('D7 B30 leaves alone what still runs', async () => {
    const { opened, open } = gate()
    const seen: unknown[] = []
    const consumer = task('availability', {
      run: ({ input }: TaskContext<Input>) => {
        seen.push(input.item)
        return opened
      },
    })
    const { work, clock, storage } = kit([consumer])
    const other = kit([consumer], { storage, clock })
    await work.start()
    await work.dispatch({ items: itemsOf('a'), attribute, to: consumer })
    await clock.tick('1s')
    await other.work.start()
    const run = await other.work.dispatch({ items: itemsOf('a', 'b'), attribute, to: consumer })
    await clock.tick('1s')
    expect(seen).toEqual(['a', 'b'])
    open()
    await clock.tick('1m')
    expect([(await run.info()).result, seen]).toMatchObject([{ items: 2, run: 2, completed: 2 }, ['a', 'b']])
    for (const each of [work, other.work]) await each.stop()
  })

  test('D4 after a crash uses all its places, though executions of the run before and its own end together', async () => {
    const [storage, clock] = [memory(), manualClock()]
    const dying = task('availability', { run: () => new Promise<void>(() => {}) })
    const dead = proc([dying], { storage, clock, lease: '5s' })
    await dead.work.start()
    await dead.work.dispatch({ items: itemsOf(...Array(5).keys()), attribute, to: dying, workers: 5 })
    await clock.tick('1s')
    expect((await dead.work.status()).tasks.availability).toEqual({ running: 5 })
    dead.kill()
    // Its leases are over: they are taken first.
    await clock.tick('10s')

    let ends = gate()
    const consumer = task('availability', { run: () => ends.opened })
    // One fewer at once: the fifth of the dead one's ends together with three of its own.
    const { work } = kit([consumer], { storage, clock, concurrency: 4 })
    await work.start()
    const run = await work.dispatch({ items: itemsOf(...Array(20).keys()), attribute, to: consumer, workers: 5 })
    // In less time than it takes until the dispatch is looked at by itself.
    for (let round = 0; round < 10; round++) {
      await clock.tick('2s')
      const { open } = ends
      ends = gate()
      open()
    }
    await clock.tick('2s')
    expect(await run.info()).toMatchObject({ state: 'completed', result: { run: 20, completed: 20 } })
    await work.stop()
  })

  test('D8 what was run is known by the consumer, or by the id that was given, and stays until begun anew', async () => {
    const seen: unknown[] = []
    const run = ({ input }: TaskContext<Input>) => void seen.push(input.item)
    const [one, other] = [task('one', { run }), task('other', { run })]
    const { work, clock } = kit([one, other])
    const go = async (to: typeof one, id?: string) => {
      seen.length = 0
      await work.dispatch({ items: itemsOf('a'), attribute, to, ...(id === undefined ? {} : { id }) })
      await work.drain()
      await clock.tick('30d')
      return seen.length
    }
    expect(await go(one)).toBe(1)
    expect([await go(one), await go(other), await go(one, 'mine'), await go(one, 'mine')]).toEqual([0, 1, 1, 0])
  })
})

test('D9 B31 tasks of the consumer that others added take no place of a dispatch, and its limit is never passed', async () => {
  const clock = manualClock()
  const now = { dispatched: 0, added: 0 }
  let most = 0
  const consumer = task('availability', {
    run: async ({ input }: TaskContext<Input>) => {
      const kind = input.item === 'added' ? 'added' : 'dispatched'
      now[kind]++
      most = Math.max(most, now.dispatched)
      await new Promise<void>((resolve) => void clock.after(10_000, resolve))
      now[kind]--
    },
  })
  const { work } = kit([consumer], { clock, concurrency: 20 })
  await work.add(Array.from({ length: 5 }, () => consumer.with({ item: 'added' })))
  await work.start()
  await clock.tick('1s')
  await work.dispatch({ items: itemsOf(...Array(10).keys()), attribute, to: consumer, workers: 3 })
  await clock.tick('1s')
  expect(now).toEqual({ dispatched: 3, added: 5 })
  await clock.tick('2m')
  expect([most, (await work.job('dispatch.availability')).state]).toEqual([3, 'completed'])
  await work.stop()
})
