/** What the tests of the face share: instances on a storage of choice, and a clock that only the test moves. */
import { test } from 'vitest'
import { memory } from '../../../adapters/memory/index.ts'
import { sqlite } from '../../../adapters/sqlite/index.ts'
import { type Piecework, type PieceworkOptions, piecework } from '../../../src/index.ts'
import type { Storage } from '../../../src/storage/index.ts'
import { type ManualClock, manualClock } from '../../../src/testing/index.ts'

export interface Kit {
  readonly work: Piecework
  readonly storage: Storage
  readonly clock: ManualClock
  /** What was logged, as `level message`. */
  readonly lines: string[]
}

type KitOptions = Partial<Omit<PieceworkOptions, 'clock' | 'definitions'>> & { readonly clock?: ManualClock }

/** An instance of these definitions; two of one storage and one clock are two processes. */
export function kit(definitions: PieceworkOptions['definitions'], options: KitOptions = {}): Kit {
  const { storage = memory(), clock = manualClock() } = options
  const lines: string[] = []
  const log = (level: string) => (message: string) => void lines.push(`${level} ${message}`)
  const logger = { info: log('info'), warn: log('warn'), error: log('error') }
  return { work: piecework({ logger, ...options, definitions, storage, clock }), storage, clock, lines }
}

/** The same test on each of the embedded storages. */
export function onEachStorage(name: string, body: (storage: Storage) => Promise<void>): void {
  for (const [label, open] of Object.entries(storages)) {
    test(`${name} [${label}]`, async () => {
      const storage = open()
      await body(storage)
      await storage.close?.()
    })
  }
}

const storages: Record<string, () => Storage> = {
  memory,
  // Without SQLite's own clock, so that the time of the test is the only one.
  sqlite: () => {
    const { now: _, ...storage } = sqlite(':memory:')
    return storage
  },
}

/** How many rows of any kind there are. */
export async function rowsIn(storage: Storage): Promise<number> {
  const { counts } = await storage.count({ upTo: 1_000_000 })
  return Object.values(counts)
    .flatMap((states) => Object.values(states))
    .reduce((sum, count) => sum + count, 0)
}

export interface Call {
  readonly verb: 'insert' | 'claim' | 'extend' | 'apply' | 'get' | 'find'
  /** How many rows, changes or ids it was given, or the limit that it asked for. */
  readonly size: number
  /** How many rows came back. */
  readonly answered: number
}

/** The same storage, with a note of each call. */
export function noted(storage: Storage): { readonly storage: Storage; readonly calls: Call[] } {
  const calls: Call[] = []
  const note = <Answer>(verb: Call['verb'], size: number, answer: Answer, count: (answer: Awaited<Answer>) => number) =>
    Promise.resolve(answer).then((given) => {
      calls.push({ verb, size, answered: count(given) })
      return given
    })
  const length = (answer: readonly unknown[]) => answer.length
  const wrapped: Partial<Storage> = {
    insert: (rows) => note('insert', rows.length, storage.insert(rows), length),
    // One for schedules alone needs no place for a task.
    claim: (request) =>
      request.wants.every(({ name }) => name === '~schedule')
        ? storage.claim(request)
        : note('claim', request.limit, storage.claim(request), length),
    extend: (rows, until) => note('extend', rows.length, storage.extend(rows, until), length),
    apply: (changes) => note('apply', changes.length, storage.apply(changes), length),
    get: (ids) => note('get', ids.length, storage.get(ids), length),
    find: (by, limit) => note('find', limit, storage.find(by, limit), ({ rows }) => rows.length),
  }
  return { storage: { ...storage, ...wrapped }, calls }
}

/** A promise that the test fulfils by hand. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

/** What a promise was rejected with; fails the test when it was not. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (failure instanceof Error) return failure
  throw new Error('Expected a rejection with an Error')
}
