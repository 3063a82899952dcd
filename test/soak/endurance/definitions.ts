/** What the process of the endurance run runs: all that a handler can do, and so all that an attempt can leave behind. */
import { setTimeout as sleep } from 'node:timers/promises'
import { memoryRows } from '../../../adapters/memory/index.ts'
import { cleanup } from '../../../src/cleanup/index.ts'
import { FatalError, fixed, itemsCheck, job, never, rowDispatcher, type TaskContext, task } from '../../../src/index.ts'

/** What a task is to do; how often to fail, how long to sleep, how many items to emit. */
export interface Load {
  readonly size: number
}

export interface OwnRow {
  readonly id: number
  held_by?: string | null
  held_at?: number | null
  tries?: number | null
  begun_at?: number | null
  ended_at?: number | null
}

type Context = TaskContext<Load>

class Spoilt extends Error {}

/** What is done stays for a while, as the rows of an app that looks after its storage do. */
export const retention = '5s'
const again = { retention, retry: fixed({ maxAttempts: 4, delay: 5 }) } as const

export function definitions(folder: string, rows: OwnRow[]) {
  const quick = task('quick', { ...again, run: ({ input }: Context) => ({ size: input.size }) })
  const guest = task('guest', { ...again, run: ({ input }: Context) => input.size })
  const flaky = task('flaky', {
    ...again,
    run: ({ input, attempt }: Context) => {
      if (attempt <= input.size) throw new Error(`attempt ${attempt} of a flaky task`, { cause: new Error('why') })
      return attempt
    },
  })
  const hopeless = task('hopeless', {
    ...again,
    run: ({ input }: Context) => {
      if (input.size > 1) throw new FatalError('at once')
      throw new Error('always')
    },
  })
  const keyed = task('keyed', { ...again, run: ({ input }: Context) => sleep(input.size) })
  const heeding = task('heeding', {
    ...again,
    run: async ({ input, signal }: Context) => {
      // A handler that is careless with its signal: what it leaves there goes with the attempt.
      signal.addEventListener('abort', () => {})
      await sleep(input.size, undefined, { signal })
    },
  })
  const late = task('late', {
    ...again,
    retry: never(),
    timeout: 20,
    run: ({ input, signal }: Context) => sleep(input.size, undefined, { signal }),
  })
  const snoozer = task('snoozer', {
    ...again,
    run: ({ runAt, snooze }: Context) => {
      if (Date.now() < runAt + 150) snooze(50)
    },
  })
  const lister = task('lister', {
    ...again,
    run: async ({ input, emit, request, log }: Context) => {
      for (let index = 0; index < input.size; index++) await emit({ index, text: 'i'.repeat(100) })
      await request({ url: '/page' })
      if (input.size === 1) log.error('an error that the check counts')
    },
    check: async ({ requests, errorCount }) => {
      for await (const one of requests) void one
      return errorCount === 0
    },
  })
  const reporter = task('reporter', {
    ...again,
    run: async ({ input, progress, log }: Context) => {
      for (let step = 0; step < 3; step++) {
        progress({ step })
        log(`step ${step}`)
        await sleep(input.size)
      }
    },
  })
  const threaded = task<typeof import('./thread-handler.ts')>('threaded', {
    retention,
    file: new URL('./thread-handler.ts', import.meta.url),
    threads: 1,
  })
  // As often as a schedule of every second, for those that wait for none.
  const recurring = task('recurring', {
    run: () => {},
    onComplete: ({ scheduleNextRun }) => void scheduleNextRun({ at: Date.now() + 50 }),
  })
  const ticked = task('ticked', { retention, run: ({ input }: Context) => sleep(input.size) })
  const consumer = task('consumer', {
    retention,
    run: ({ input, emit }: TaskContext<{ item: number }>) => emit(input),
    check: itemsCheck(),
  })
  const sums = job('sums', {
    retention,
    retry: fixed({ maxAttempts: 3, delay: 5 }),
    failOn: [Spoilt],
    map: ({ part, attempt }: { part: number; attempt: number }) => {
      if (part < 0) throw new Spoilt('a part that fails its job')
      if (part % 17 === 0 && attempt === 1) throw new Error('a part that fails once')
      return part
    },
    reduce: async ({ results }) => {
      let sum = 0
      for await (const result of results) sum += result
      return sum
    },
  })
  const outside = job('outside', { retention, announce: () => {}, reduce: ({ total }) => total })
  const scraped = rowDispatcher('scraped', {
    source: memoryRows(rows, {
      id: 'id',
      reservationId: 'held_by',
      reservationTime: 'held_at',
      reservationTimes: 'tries',
      startTime: 'begun_at',
      endTime: 'ended_at',
    }),
    run: ({ attempt, row }) => {
      if (attempt === 1 && row.id % 10 === 0) throw new Error('a row that fails once')
    },
  })
  const cleaning = cleanup({
    folder,
    every: '1s',
    olderThan: retention,
    states: ['failed', 'cancelled'],
    maxBytes: 1_000_000,
    maxFiles: 2,
  })
  const tasks = { quick, guest, flaky, hopeless, keyed, heeding, late, snoozer, lister, reporter, threaded }
  return { ...tasks, recurring, ticked, consumer, sums, outside, scraped, cleaning }
}
