/** Workers elsewhere: a dispatcher beside the table hands rows on as tasks, and workers without the table run them. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { memoryRows } from '../../adapters/memory/rows/memory-rows.ts'
import {
  FatalError,
  fixed,
  never as noRetry,
  piecework,
  type RowDispatcherSettings,
  rowDispatcher,
  task,
} from '../../src/index.ts'
import type { Storage } from '../../src/storage/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { later } from '../runner/kit.ts'
import { type RowFault, type RowVerb, rowProcess, rowVerbs } from './modelling/process.ts'
import { columns, type Page, pages } from './pages.ts'

const quiet = { info() {}, warn() {}, error() {} }
const free = { scrape_reservation_id: null, scrape_start_time: null, scrape_end_time: null }

type Options = Partial<Omit<RowDispatcherSettings<Page, Page[]>, 'source'>> & {
  readonly input?: (row: Page) => string
  readonly run?: (input: string) => unknown
  readonly count?: number
  readonly name?: string
}

function setUp({ run = () => {}, count = 4, name = 'root', ...options }: Options = {}) {
  const clock = manualClock()
  const storage = memory({ batchMax: 3 })
  const rows = pages(count)
  const fetched: string[] = []
  const fetch = task<string, unknown>('fetch', {
    retry: noRetry(),
    run: ({ input }) => {
      fetched.push(input)
      return run(input)
    },
  })
  const table = memoryRows(rows, { ...columns, now: () => clock.now() })
  const settings = { handOn: fetch, input: (row: Page) => row.url, ...options }
  /** A process beside the table: it knows the task, and does not run any where `storage` gives it none. */
  const dispatcher = (onCall?: (verb: RowVerb, when: string) => void, fault?: (verb: RowVerb) => RowFault) =>
    rowProcess<Page, Page[]>({
      source: table,
      clock,
      storage: withoutClaims(storage),
      ...(onCall && { onCall }),
      ...(fault && { fault }),
      definitions: (source) => [rowDispatcher('scrape', { source, ...settings }), fetch],
    })
  const worker = () => piecework({ storage, definitions: [fetch], clock, logger: quiet, name })
  return { clock, storage, rows, table, fetched, fetch, dispatcher, worker }
}

/** It adds tasks and reads them; others run them. */
function withoutClaims(storage: Storage): Storage {
  const get: Storage['get'] = (ids) => {
    if (ids.length > storage.traits.batchMax) throw new Error(`${ids.length} ids are more than one call takes`)
    return storage.get(ids)
  }
  return { ...storage, get, claim: () => [] }
}

describe('a row that is handed on', () => {
  test('gets its start and its end by what becomes of its task', async () => {
    const body = later()
    const { clock, rows, fetched, dispatcher, worker } = setUp({ run: () => body.promise })
    const { work, events } = dispatcher()
    await work.start()
    await clock.tick('2s')
    expect(rows.map((row) => [row.scrape_reservation_id !== null, row.scrape_start_time])).toEqual(
      rows.map(() => [true, null]),
    )
    const elsewhere = worker()
    await elsewhere.start()
    await clock.tick('2s')
    expect(rows.every((row) => row.scrape_start_time !== null && row.scrape_reservation_times === 1)).toBe(true)
    body.resolve()
    await clock.tick('2s')
    expect(rows.every((row) => row.scrape_success === true && row.scrape_end_time !== null)).toBe(true)
    expect([...fetched].sort()).toEqual(rows.map(({ url }) => url))
    expect(events.filter((event) => / 2 1$/.test(event))).toEqual(['started 2 1', 'completed 2 1'])
    await elsewhere.stop()
    expect(await work.stop()).toEqual({ givenBack: [], abandoned: [] })
  })

  test('P5 no more than queueSize of them wait for their start', async () => {
    const { clock, rows, storage, dispatcher } = setUp({ count: 12, queueSize: 4 })
    await dispatcher().work.start()
    await clock.tick('10s')
    expect(rows.filter((row) => row.scrape_reservation_id !== null)).toHaveLength(4)
    expect(await storage.count({ names: ['fetch'], upTo: 99 })).toMatchObject({ capped: false })
  })

  test('P7 is tried again when its task failed, until it has no try left', async () => {
    const run = () => Promise.reject(new Error('no answer'))
    const { clock, rows, fetched, dispatcher, worker } = setUp({ count: 1, maxTries: 3, run })
    const { work, events } = dispatcher()
    await Promise.all([work.start(), worker().start()])
    await clock.tick('20s')
    expect(rows[0]).toMatchObject({ ...free, scrape_reservation_times: 3, scrape_error: 'Error: no answer' })
    expect(fetched).toHaveLength(3)
    expect(events.filter((event) => !event.startsWith('started'))).toEqual([
      ...['retrying 1 1', 'retrying 1 2', 'failed 1 3'],
    ])
  })

  test('a retryDelay keeps its place, and a FatalError is its last', async () => {
    const run = (url: string) => {
      throw url === '/page/1' ? new Error('busy') : new FatalError('never')
    }
    const { clock, rows, fetched, dispatcher, worker } = setUp({ count: 2, retryDelay: '30s', maxTries: 2, run })
    await Promise.all([dispatcher().work.start(), worker().start()])
    await clock.tick('20s')
    expect(rows[0]?.scrape_start_time).not.toBeNull()
    expect(rows[1]).toMatchObject({ ...free, scrape_reservation_times: 2, scrape_error: 'FatalError: never' })
    await clock.tick('20s')
    expect(rows[0]).toMatchObject({ ...free, scrape_reservation_times: 2 })
    expect(fetched).toHaveLength(3)
  })

  test.each([
    [
      'input that throws',
      () => {
        throw new RangeError('no url')
      },
      'RangeError: no url',
    ],
    ['an input that no task can have', () => 5n as unknown as string, /^PayloadError: /],
  ])('that has %s fails for good, and holds up no other', async (_, broken, error) => {
    const input = (row: Page) => (row.id === 1 ? broken() : row.url)
    const { clock, rows, dispatcher, worker } = setUp({ input, maxTries: 3 })
    const { work, events, lines } = dispatcher()
    await Promise.all([work.start(), worker().start()])
    await clock.tick('5s')
    expect(rows[0]).toMatchObject({ ...free, scrape_reservation_times: 3, scrape_error: expect.stringMatching(error) })
    expect(rows.slice(1).every((row) => row.scrape_success)).toBe(true)
    expect(events).toContain('failed 1 1')
    expect(lines.filter((line) => line.startsWith('warn Row 1 cannot be handed on to fetch'))).toHaveLength(1)
  })
})

describe('a task that somebody meddles with', () => {
  const taskOf = (row: Page | undefined) => `row:${row?.scrape_reservation_id}`

  test('cancelled before it began, its row is free and uncounted; cancelled later, it was a try', async () => {
    const { clock, rows, dispatcher, worker } = setUp({ count: 2, maxTries: 1, run: () => new Promise(() => {}) })
    const { work, events } = dispatcher()
    await work.start()
    await clock.tick('2s')
    await work.cancel(taskOf(rows[0]))
    await clock.tick('2s')
    expect(events).toEqual(['returned 1 1'])
    const untouched = {
      scrape_reservation_times: null,
      scrape_start_time: null,
      scrape_success: null,
      scrape_error: null,
    }
    expect(rows[0]).toMatchObject(untouched)
    await worker().start()
    await clock.tick('2s')
    await work.cancel(taskOf(rows[1]))
    await clock.tick('2s')
    expect(rows[1]).toMatchObject({ ...free, scrape_reservation_times: 1, scrape_error: 'Its task is cancelled' })
  })

  test('purged before it was looked at, its row is run again when its limit is over', async () => {
    const { clock, rows, fetched, dispatcher, worker } = setUp({
      count: 1,
      maxDuration: '1m',
      run: () => later().promise,
    })
    const { work, events } = dispatcher()
    const elsewhere = worker()
    await Promise.all([work.start(), elsewhere.start()])
    await clock.tick('3s')
    await elsewhere.cancel(taskOf(rows[0]))
    await elsewhere.purge({ olderThan: 0 })
    await clock.tick('50s')
    expect(rows[0]).toMatchObject({ scrape_reservation_times: 1, scrape_end_time: null })
    await clock.tick('30s')
    expect([rows[0]?.scrape_reservation_times, fetched.length]).toEqual([2, 2])
    expect(events).toContain('expired 1 1')
  })

  test('late, it is cancelled when its row is taken back', async () => {
    const { clock, rows, storage, dispatcher, worker } = setUp({ count: 1, startWithin: '30s', maxTries: 1 })
    const { work } = dispatcher()
    await work.start()
    await clock.tick('5s')
    const first = taskOf(rows[0])
    await clock.tick('40s')
    expect((await storage.get([first]))[0]?.state).toBe('cancelled')
    expect(taskOf(rows[0])).not.toBe(first)
    await worker().start()
    await clock.tick('5s')
    expect(rows[0]).toMatchObject({ scrape_reservation_times: 1, scrape_success: true })
  })

  test('never added, it is not missed when its row is taken back', async () => {
    const { clock, rows, dispatcher, worker } = setUp()
    Object.assign(rows[0]!, { scrape_reservation_id: 'gone#1', scrape_reservation_time: 0 })
    const { work, events, lines } = dispatcher()
    await Promise.all([work.start(), worker().start()])
    await clock.tick('5s')
    expect(rows.every((row) => row.scrape_success)).toBe(true)
    expect(events).toContain('expired 1 0')
    expect(lines.filter((line) => !line.startsWith('info'))).toEqual([])
  })

  test('RS-02 its row deleted, the others go on', async () => {
    const { clock, rows, dispatcher, worker } = setUp()
    await dispatcher().work.start()
    await clock.tick('1s')
    rows.splice(0, 2)
    await worker().start()
    await clock.tick('5s')
    expect(rows.map((row) => [row.id, row.scrape_success])).toEqual([
      [3, true],
      [4, true],
    ])
  })

  test('a worker whose name has a slash and a hash hands on as any other', async () => {
    const clock = manualClock()
    const rows = pages(2)
    const fetch = task<string, unknown>('fetch', { retry: fixed({ maxAttempts: 1, delay: 0 }), run: () => 'it' })
    const source = memoryRows(rows, { ...columns, now: () => clock.now() })
    const scrape = rowDispatcher('scrape', { source, handOn: fetch, input: (row) => row.url })
    const work = piecework({ name: 'a/b#c', storage: memory(), definitions: [scrape, fetch], clock, logger: quiet })
    expect(await work.drain()).toBe(2)
    expect(rows.every((row) => row.scrape_success)).toBe(true)
    const { workers } = await scrape.report()
    expect(Object.keys(workers)).toHaveLength(1)
  })
})

describe('P-RESERVE a dispatcher that ends at one of its calls, with another beside it', () => {
  const ends = [
    ['dies before', 'before', 'kill'],
    ['dies after', 'after', 'kill'],
    ['stands still before', 'before', 'freeze'],
    ['stands still after', 'after', 'freeze'],
    ['gets no answer to', 'after', 'after'],
    ['fails at', 'before', 'before'],
  ] as const

  test.each(ends)('when it %s each of them in turn, each row ends within its tries', async (_, when, how) => {
    let nth = 1
    for (; ; nth++) {
      const { clock, rows, dispatcher, worker, fetched } = setUp({
        ...{ count: 5, queueSize: 2, startWithin: '8s', maxDuration: '10s', maxTries: 3 },
        run: (url) => (url === '/page/2' && fetched.filter((each) => each === url).length === 1 ? fail() : url),
      })
      let calls = 0
      let isMet = false
      const strike = (at: string) => {
        if (at === when && ++calls === nth) isMet = true
        return isMet && at === when && calls === nth
      }
      const one = dispatcher(
        (verb, at) => {
          if ((how === 'kill' || how === 'freeze') && rowVerbs.includes(verb) && strike(at)) one[how]()
        },
        () => ((how === 'after' || how === 'before') && strike(when) ? how : 'pass'),
      )
      // A start that fails is begun again, as a supervisor would.
      void one.work.start().catch(() => one.work.start())
      const elsewhere = worker()
      await elsewhere.start()
      await clock.tick('1500ms')
      if (!isMet || nth > 20) break
      const other = dispatcher()
      void other.work.start()
      await clock.tick('9s')
      one.thaw()
      await clock.tick('30s')
      expect(
        rows.map((row) => [row.scrape_success, row.scrape_end_time !== null]),
        `call ${nth}`,
      ).toEqual(rows.map(() => [true, true]))
      expect(rows.every((row) => (row.scrape_reservation_times ?? 0) <= 3)).toBe(true)
      for (const { work } of one.isDead() ? [other] : [one, other]) {
        const stopping = work.stop({ timeout: '1s' })
        await clock.tick('2s')
        await stopping
      }
      expect([one.isDead() ? 0 : one.timers(), other.timers()]).toEqual([0, 0])
    }
    expect(nth).toBeGreaterThan(12)
  })
})

describe('stopping', () => {
  test('P-STOP resolves in time though the table does not answer, and nothing is added or written then', async () => {
    const { clock, rows, storage, dispatcher } = setUp()
    const { work, timers } = dispatcher(undefined, (verb) => (verb === 'reserve' ? 60_000 : 'pass'))
    await work.start()
    await clock.settle()
    const stopping = work.stop({ timeout: '1s' })
    await clock.tick('1250ms')
    await stopping
    expect(timers()).toBe(0)
    await clock.tick('2m')
    expect(await storage.get(rows.map((row) => `row:${row.scrape_reservation_id}`))).toEqual(rows.map(() => undefined))
    // The next start finds them.
    await work.start()
    await clock.tick('1s')
    const [task] = await storage.get([`row:${rows[0]?.scrape_reservation_id}`])
    expect(task?.state).toBe('waiting')
  })
})

function fail(): never {
  throw new Error('once')
}
