/** The parallel item dispatcher's workers: how one says whether its execution was good. */
import { describe, expect, test } from 'vitest'
import {
  type DispatchReport,
  itemsCheck,
  type Outcome,
  retryPresets,
  type TaskContext,
  type TaskOptions,
  task,
} from '../../../src/index.ts'
import { kit, onEachStorage } from '../../runner/face/kit.ts'
import { all } from '../watchbot/consumers.ts'

type Context = TaskContext<{ readonly item: string }>

/** Dispatches values to a consumer until all is done. */
async function dispatched(
  values: readonly string[],
  options: Omit<TaskOptions<Context, unknown>, 'retry'>,
  storage?: Parameters<typeof kit>[1],
): Promise<DispatchReport | undefined> {
  const consumer = task<Context['input']>('availability', { retry: retryPresets.dispatcher, ...options })
  const { work, clock } = kit([consumer], storage)
  const items = values.map((store) => ({ store }))
  const run = await work.dispatch({ items, attribute: 'store', to: consumer })
  await work.start()
  await clock.tick('5m')
  await work.stop()
  return (await run.info()).result
}

async function emitting(count: number, { emit }: Context): Promise<void> {
  for (let item = 0; item < count; item++) await emit({ item })
}

describe('the success check of a consumer', () => {
  onEachStorage('D14 is called at the end of each execution, whatever the reason, and decides', async (storage) => {
    const seen: [unknown, string, number, number][] = []
    const report = await dispatched(
      ['fine', 'bad', 'throws', 'long'],
      {
        timeout: '10s',
        run: async (context) => {
          const { item } = context.input
          context.log(`item ${item}`)
          context.log.error('a page was missing')
          await emitting(2, context)
          if (item === 'throws') throw new Error('blocked')
          if (item === 'long') await new Promise((_, reject) => context.signal.addEventListener('abort', reject))
          return item
        },
        check: ({ reason, itemCount, errorCount, logs }: Outcome) => {
          seen.push([logs[0], reason, itemCount, errorCount])
          return logs[0] !== 'item bad'
        },
      },
      { storage },
    )
    expect(report).toMatchObject({ run: 4, completed: 1, exhausted: 3 })
    const thrice = (line: string, reason: string) => Array(3).fill([`item ${line}`, reason, 2, 1])
    expect(seen.toSorted()).toEqual(
      [
        ...thrice('bad', 'finished'),
        ['item fine', 'finished', 2, 1],
        ...thrice('long', 'timed_out'),
        ...thrice('throws', 'failed'),
      ].toSorted(),
    )
  })

  onEachStorage('D15 sees the first 100 lines as a list, and all requests one after another', async (storage) => {
    const seen: { logs: readonly string[]; isList: boolean; requests: unknown[] }[] = []
    await dispatched(
      ['a'],
      {
        run: async ({ log, request }) => {
          for (let line = 0; line < 150; line++) log(`line ${line}`)
          for (let page = 0; page < 250; page++) await request({ page })
        },
        check: async ({ logs, requests }) => {
          seen.push({ logs, isList: Array.isArray(requests), requests: await all(requests) })
          return true
        },
      },
      { storage },
    )
    const logs = Array.from({ length: 100 }, (_, line) => `line ${line}`)
    const requests = Array.from({ length: 250 }, (_, page) => ({ page }))
    expect(seen).toEqual([{ logs, isList: false, requests }])
  })

  test.each([
    { items: 0, errors: 0, good: false },
    { items: 1, errors: 0, good: true },
    { items: 1, errors: 1, good: true },
    { items: 1, errors: 2, good: false },
    { items: 100, errors: 2, good: false },
    { items: 101, errors: 50, good: true },
  ])(
    'D16 itemsCheck is the one of old: $items items and $errors errors are good: $good',
    async ({ items, errors, good }) => {
      const report = await dispatched(['a'], {
        run: async (context) => {
          for (let error = 0; error < errors; error++) context.log.error('blocked')
          await emitting(items, context)
        },
        check: itemsCheck(),
      })
      expect(report).toMatchObject(good ? { completed: 1, exhausted: 0 } : { completed: 0, exhausted: 1 })
    },
  )

  test('D16 without a check an execution is good that resolved: who emits no items need not say so', async () => {
    expect(await dispatched(['a'], { run: () => {} })).toMatchObject({ completed: 1, exhausted: 0 })
  })

  test.each(['failed', 'timed_out'])(
    'D17 an end that is %s is bad, whatever its items and whatever the check says',
    async (reason) => {
      const report = await dispatched(['a'], {
        timeout: '10s',
        run: async (context) => {
          await emitting(101, context)
          if (reason === 'failed') throw new Error('blocked')
          await new Promise((_, reject) => context.signal.addEventListener('abort', reject))
        },
        check: () => true,
      })
      expect(report).toMatchObject({ completed: 0, exhausted: 1 })
    },
  )

  test('B28 the reason is compared by its text', () => {
    const check = itemsCheck()
    // A text that is equal, and made while running.
    const reason = ['fin', 'ished'].join('') as 'finished'
    const outcome = { result: 1, itemCount: 1, errorCount: 0, logs: [], requestCount: 0, requests: [] as never }
    expect([check({ ...outcome, reason }), check({ ...outcome, reason: 'failed' })]).toEqual([
      true,
      { good: false, reason: 'it ended as failed' },
    ])
  })

  onEachStorage(
    'B34 one that throws makes the execution bad and counted, and never leaves it unset',
    async (storage) => {
      let checks = 0
      const report = await dispatched(
        ['a'],
        {
          run: () => {},
          check: () => {
            checks++
            throw new Error('the check is broken')
          },
        },
        { storage },
      )
      expect([report, checks]).toMatchObject([{ run: 1, completed: 0, exhausted: 1 }, 3])
    },
  )
})
