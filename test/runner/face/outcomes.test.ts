/** How an attempt ends: by its result, its error, the success check, its timeout, or a snooze. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../../adapters/memory/index.ts'
import { FatalError, fixed, itemsCheck, never, type Outcome, type TaskContext, task } from '../../../src/index.ts'
import { kit, onEachStorage } from './kit.ts'

const once = { retry: never() }

describe('the success check', () => {
  onEachStorage('D14 D15 sees how an attempt ended, whatever way it ended', async (storage) => {
    const outcomes: Outcome[] = []
    const crawl = task('crawl', {
      timeout: '5s',
      check: (outcome) => {
        outcomes.push(outcome)
        return true
      },
      run: async ({ input, emit, log, signal, snooze }: TaskContext<string>) => {
        log('began')
        log.error('a page was missing')
        await emit({ page: 1 })
        if (input === 'throw') throw new Error('down')
        if (input === 'fatal') throw new FatalError('gone')
        if (input === 'long') await new Promise((_, reject) => signal.addEventListener('abort', reject))
        if (input === 'snooze') snooze('1h')
        return 'result'
      },
      ...once,
    })
    const { work, clock } = kit([crawl], { storage })
    await work.start()
    const added = await work.add(['fine', 'throw', 'fatal', 'long', 'snooze'].map((input) => crawl.with(input)))
    await clock.tick('10s')
    const said = {
      itemCount: 1,
      errorCount: 1,
      logs: ['began', 'a page was missing'],
      requestCount: 0,
      requests: expect.anything(),
    }
    const byReason = outcomes.toSorted((a, b) => (a.reason < b.reason ? -1 : 1))
    expect(byReason).toEqual([
      { ...said, reason: 'failed', result: undefined },
      { ...said, reason: 'failed', result: undefined },
      { ...said, reason: 'finished', result: 'result' },
      { ...said, reason: 'timed_out', result: undefined },
    ])
    const infos = await Promise.all(added.map(({ id }) => work.get(id)))
    expect(infos.map((info) => [info?.state, info?.reason])).toEqual([
      ['completed', undefined],
      ['failed', 'exhausted'],
      ['failed', 'fatal'],
      ['failed', 'exhausted'],
      ['waiting', undefined],
    ])
    expect(infos[3]?.errors[0]).toMatchObject({ name: 'TimeoutError', message: expect.stringContaining('5000 ms') })
    await work.stop()
  })

  onEachStorage(
    'D15 reads the requests in order, of an attempt that threw as well, and not those of another',
    async (storage) => {
      const seen: unknown[] = []
      const crawl = task('crawl', {
        retry: fixed({ maxAttempts: 2, delay: 1 }),
        run: async ({ attempt, request, emit }) => {
          await emit('an item')
          for (let page = 0; page < 2_000; page++) await request({ attempt, page, url: `https://shop.example/${page}` })
          if (attempt === 1) throw new Error('blocked')
        },
        check: async ({ requestCount, requests }) => {
          let next = 0
          for await (const made of requests) {
            const { attempt, page } = made as { attempt: number; page: number }
            if (page !== next++) seen.push('out of order')
            if (page === 1_999) seen.push({ attempt, requestCount })
          }
          return true
        },
      })
      const { work, clock } = kit([crawl], { storage })
      const { id } = await work.add(crawl)
      await work.start()
      await clock.tick('1s')
      expect(seen).toEqual([
        { attempt: 1, requestCount: 2_000 },
        { attempt: 2, requestCount: 2_000 },
      ])
      expect(await work.get(id)).toMatchObject({ state: 'completed', itemCount: 1 })
      await work.stop()
    },
  )

  test('D14 what it finds bad is retried like a failure, with its reason', async () => {
    const picky = task('picky', {
      run: ({ attempt }) => attempt,
      check: async ({ result }) => ({ good: result === 2, reason: `got ${result}` }),
    })
    const { work, clock } = kit([picky])
    const { id } = await work.add(picky)
    await work.drain()
    expect(await work.get(id)).toMatchObject({ state: 'waiting', result: undefined })
    await clock.tick('10s')
    await work.drain()
    expect(await work.get(id)).toMatchObject({
      state: 'completed',
      result: 2,
      errors: [{ attempt: 1, name: 'CheckFailedError', message: 'got 1' }],
    })
  })

  onEachStorage(
    'B34 one that throws, or answers neither, makes the attempt bad and never leaves it open',
    async (storage) => {
      const boom = () => {
        throw new Error('the check is broken')
      }
      const mute = (() => undefined) as unknown as () => boolean
      const throwing = task('throwing', { check: boom, run: () => 1, ...once })
      const silent = task('silent', { check: mute, run: () => 1, ...once })
      const both = task('both', { check: boom, run: () => Promise.reject(new Error('down')), ...once })
      const { work } = kit([throwing, silent, both], { storage })
      const added = await work.add([throwing.with(), silent.with(), both.with()])
      await work.drain()
      const infos = await Promise.all(added.map(({ id }) => work.get(id)))
      expect(infos.map((info) => [info?.state, info?.errors.map(({ message }) => message)])).toEqual([
        ['failed', ['the check is broken']],
        ['failed', ['Expected `check` to be a function that answers true, false or { good, reason }, got `undefined`']],
        ['failed', ['down']],
      ])
    },
  )

  const requests = (async function* () {})()
  const finished = { reason: 'finished', result: undefined, logs: [], requestCount: 0, requests } as const
  test.each([
    { items: 500, errors: 0, minimum: 100, good: true },
    { items: 101, errors: 9, minimum: 100, good: true },
    { items: 100, errors: 1, minimum: 100, good: true },
    { items: 100, errors: 2, minimum: 100, good: false },
    { items: 1, errors: 0, minimum: 100, good: true },
    { items: 0, errors: 0, minimum: 100, good: false },
    { items: 0, errors: 0, minimum: 0, good: false },
    { items: 1, errors: 5, minimum: 0, good: true },
  ])('D16 itemsCheck finds $items items and $errors errors over $minimum good: $good', async (row) => {
    const check = itemsCheck(row.minimum === 100 ? {} : { minimumExpectedItems: row.minimum })
    const answer = await check({ ...finished, itemCount: row.items, errorCount: row.errors })
    expect(typeof answer === 'boolean' ? answer : answer.good).toBe(row.good)
    const bad = await check({ ...finished, reason: 'failed', itemCount: row.items, errorCount: row.errors })
    expect(bad, 'D17').toEqual({ good: false, reason: 'it ended as failed' })
  })

  test('D16 D17 itemsCheck on a task fails the attempt that emitted nothing', async () => {
    const crawl = task('crawl', { check: itemsCheck(), run: () => {}, ...once })
    const { work } = kit([crawl])
    await work.add(crawl)
    expect((await work.runNext())?.errors[0]?.message).toBe('it emitted no items')
  })
})

onEachStorage('ER-07 a snooze is not counted, however often', async (storage) => {
  const attempts: number[] = []
  const polite = task('polite', {
    retry: fixed({ maxAttempts: 2, delay: '1m' }),
    run: ({ attempt, snooze }) => {
      attempts.push(attempt)
      if (attempts.length <= 5) snooze('1m')
      if (attempts.length === 6) throw new Error('now it counts')
      return 'done'
    },
  })
  const { work, clock } = kit([polite], { storage })
  await work.start()
  const { id } = await work.add(polite)
  await clock.tick('150s')
  expect(await work.get(id)).toMatchObject({ state: 'waiting', attempts: 0, errors: [] })
  await clock.tick('10m')
  expect(attempts).toEqual([1, 1, 1, 1, 1, 1, 2])
  expect(await work.get(id)).toMatchObject({ state: 'completed', attempts: 2, result: 'done' })
  await work.stop()
})

describe('a result', () => {
  onEachStorage('PL-01 PL-02 that JSON cannot keep fails the task at once, with the path', async (storage) => {
    const dated = task('dated', { run: () => ({ list: [{ when: new Date() }] }) })
    const { work } = kit([dated], { storage })
    const { id } = await work.add(dated)
    await work.drain()
    const info = await work.get(id)
    expect(info).toMatchObject({ state: 'failed', reason: 'unstorable', attempts: 1, result: undefined })
    expect(info?.errors[0]).toMatchObject({ name: 'PayloadError', message: expect.stringContaining('$.list[0].when') })
  })

  test('DB-26 that does not fit into a row fails the task at once, saying how much would', async () => {
    const large = task('large', { run: () => 'x'.repeat(20_000) })
    const { work } = kit([large], { storage: memory({ rowMaxBytes: 10_000 }) })
    const { id } = await work.add(large, { input: true })
    expect(await work.drain()).toBe(1)
    const info = await work.get(id)
    expect(info).toMatchObject({ state: 'failed', reason: 'too_large', attempts: 1, result: undefined })
    expect(info?.errors[0]?.message).toMatch(/bytes/)
    expect(await work.explain(id)).toContain('its result does not fit into a row')
  })

  test('DB-26 gives way last: logs and old errors go before it does', async () => {
    const chatty = task('chatty', {
      run: ({ log, attempt }) => {
        for (let line = 0; line < 100; line++) log('x'.repeat(1_000))
        if (attempt === 1) throw new Error('y'.repeat(4_000))
        return 'z'.repeat(6_000)
      },
    })
    const { work } = kit([chatty], { storage: memory({ rowMaxBytes: 10_000 }) })
    const { id } = await work.add(chatty)
    await work.drain()
    expect(await work.get(id)).toMatchObject({ state: 'waiting', logs: [], errors: [{ message: 'y'.repeat(4_000) }] })
    await work.retry(id)
    await work.drain()
    expect(await work.get(id)).toMatchObject({ state: 'completed', result: 'z'.repeat(6_000), logs: [] })
  })

  test('may be left out', async () => {
    const quiet = task('quiet', { run: () => {} })
    const { work } = kit([quiet])
    await work.add(quiet)
    expect(await work.runNext()).toMatchObject({ state: 'completed', result: undefined })
  })
})

test('ER-07 a snooze counts even where the handler catches what it throws', async () => {
  const shy = task('shy', {
    run: async ({ attempt, snooze }) => {
      try {
        snooze('1m')
      } catch {
        return `swallowed at attempt ${attempt}`
      }
    },
    ...once,
  })
  const { work, clock } = kit([shy])
  const { id } = await work.add(shy)
  await work.drain()
  expect(await work.get(id)).toMatchObject({ state: 'waiting', attempts: 0, wakeAt: clock.now() + 60_000 })
})

test('ER-06 a policy that was not called is refused when the task is defined', () => {
  const run = () => {}
  expect(() => task('late', { run, retry: fixed as never })).toThrow(/^Expected `retry` to be a retry policy such as/)
})
