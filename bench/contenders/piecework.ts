/** Ours, through its public face. */
import { type Piecework, piecework, task } from 'piecework'
import { memory } from 'piecework/memory'
import { sqlite } from 'piecework/sqlite'
import { measured, type Sample } from '../scenario.ts'
import { fileIn, openDatabase, type Synchronous, settleFile } from './database.ts'
import { inLanes } from './lanes.ts'

export type Driver = 'node:sqlite' | 'better-sqlite3'

const noop = task('noop', { run: async () => {} })

/** Tasks in one call of `add` while a file is prepared. */
const addedAtOnce = 10_000

export function drain(driver: Driver, synchronous: Synchronous, concurrency: number) {
  return async (folder: string, count: number): Promise<Sample> => {
    const { work, close } = open(folder, driver, synchronous, concurrency)
    for (let added = 0; added < count; added += addedAtOnce) {
      await work.add(tasks(Math.min(addedAtOnce, count - added)))
    }
    settleFile(folder)
    const sample = await measured(count, async () => expectAll(count, await work.drain()))
    await close()
    return sample
  }
}

export function addSingly(driver: Driver, synchronous: Synchronous, inFlight: number) {
  return async (folder: string, count: number): Promise<Sample> => {
    const { work, close } = open(folder, driver, synchronous, 1)
    await work.add(noop, { number: -1 })
    const sample = await measured(count, () => inLanes(count, inFlight, (number) => work.add(noop, { number })))
    await close()
    return sample
  }
}

/** A memory queue is filled in the process that drains it, so both are measured, and told apart. */
export function addAndDrainMemory(concurrency: number) {
  return async (_folder: string, count: number): Promise<Sample> => {
    const work = piecework({ storage: memory(), definitions: [noop], concurrency })
    let addMs = 0
    const sample = await measured(count, async () => {
      const start = performance.now()
      await work.add(tasks(count))
      addMs = performance.now() - start
      expectAll(count, await work.drain())
    })
    await work.close()
    return { ...sample, parts: { add: addMs, drain: sample.ms - addMs } }
  }
}

/** A task of the latency scenario; `at` is when its `add` was called. */
function timed(begun: (at: number) => void) {
  return task('timed', { run: async ({ input }: { input: { readonly at: number } }) => begun(input.at) })
}

/** Starts a worker that waits for work, with all options as they are. */
export async function startWorker(folder: string, begun: (at: number) => void): Promise<() => Promise<void>> {
  const { work, close } = open(folder, 'node:sqlite', 'full', 10, [timed(begun)])
  await work.start()
  return close
}

/** Gives a function that adds one task stamped with the time. */
export function openAdder(
  folder: string,
  now: () => number,
): { add: () => Promise<unknown>; close: () => Promise<void> } {
  const definition = timed(() => {})
  const { work, close } = open(folder, 'node:sqlite', 'full', 10, [definition])
  return { add: () => work.add(definition, { at: now() }), close }
}

function open(
  folder: string,
  driver: Driver,
  synchronous: Synchronous,
  concurrency: number,
  definitions: Parameters<typeof piecework>[0]['definitions'] = [noop],
): { work: Piecework; close: () => Promise<void> } {
  const db = driver === 'better-sqlite3' ? openDatabase(folder, synchronous) : undefined
  const storage = sqlite(db ?? fileIn(folder), { synchronous })
  const work = piecework({ storage, definitions, concurrency })
  return {
    work,
    async close() {
      await work.close()
      db?.close()
    },
  }
}

function tasks(count: number) {
  return Array.from({ length: count }, (_, number) => noop.with({ number }))
}

/** Attempts that were given back and begun again count twice, so there may be more. */
function expectAll(count: number, drained: number): void {
  if (drained < count) throw new Error(`Drained ${drained} of ${count} tasks`)
}
