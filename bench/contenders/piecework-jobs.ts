/** Ours: jobs of many parts, from `run` to the end of the reduce, and what it takes to ask how far one is. */
import { job, type Piecework, piecework, task } from 'piecework'
import { measured, type Sample } from '../scenario.ts'
import type { OpenHome } from './piecework.ts'

const concurrency = 10

/** Parts and tasks in one batch of what is compared: a job is stored in batches of as many. */
const addedAtOnce = 500

/** How often the state of a running job is asked for. */
const asks = 40

/** Run before the clock starts, so that the first jobs of a process do not pay for its compiler. */
const warmUpParts = 2_000

const sums = (map: (part: number) => unknown = () => {}) =>
  job('sums', {
    map: async ({ part }: { part: number }) => {
      await map(part)
      return part
    },
    reduce: async ({ results }) => {
      let sum = 0
      for await (const result of results) sum += result
      return sum
    },
  })

const noop = task('noop', { run: async ({ input }: { input: number }) => input })

/** `count` parts in all, in jobs of `size` one after another; each ends before the next is run. */
export function runJobs(openHome: OpenHome, size: number, workers?: number) {
  return async (place: string, count: number): Promise<Sample> => {
    const home = await openHome(place)
    const definition = sums()
    const work = piecework({ storage: home.storage, definitions: [definition], concurrency })
    await runOne(work, definition, warmUpParts, workers)
    await home.settle()
    let storeMs = 0
    const sample = await measured(
      count,
      async () => {
        for (let left = count; left > 0; left -= size) {
          storeMs += await runOne(work, definition, Math.min(size, left), workers)
        }
      },
      home.serverCpuMs,
    )
    await work.close()
    await home.close()
    return { ...sample, parts: { store: storeMs, 'map and reduce': sample.ms - storeMs } }
  }
}

/** The same number of tasks, for what a part costs beside one. */
export function runTasks(openHome: OpenHome) {
  return async (place: string, count: number): Promise<Sample> => {
    const home = await openHome(place)
    const work = piecework({ storage: home.storage, definitions: [noop], concurrency })
    const add = async (all: number) => {
      for (let from = 0; from < all; from += addedAtOnce) {
        await work.add(numbers(Math.min(addedAtOnce, all - from)).map((number) => noop.with(from + number)))
      }
    }
    await add(warmUpParts)
    await work.drain()
    await home.settle()
    let storeMs = 0
    const sample = await measured(
      count,
      async () => {
        const start = performance.now()
        await add(count)
        storeMs = performance.now() - start
        await work.drain()
      },
      home.serverCpuMs,
    )
    await work.close()
    await home.close()
    return { ...sample, parts: { store: storeMs, run: sample.ms - storeMs } }
  }
}

/**
 * How long `work.job(id)` takes: of a job that stands still with a share of its parts done, or, without a share, of one
 * that is worked on by the process that asks, whose other work comes in between.
 */
export function askStatus(openHome: OpenHome, share: number | undefined) {
  return async (place: string, count: number): Promise<Sample> => {
    const home = await openHome(place)
    const reached = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const stopAt = Math.floor(count * (share ?? 0))
    const definition = sums((part) => {
      if (share === undefined || part < stopAt) return undefined
      reached.resolve()
      return gate.promise
    })
    const work = piecework({ storage: home.storage, definitions: [definition], concurrency })
    const { id } = await work.run(definition, numbers(count))
    const drained = work.drain()
    if (share !== undefined) await reached.promise
    const latenciesMs: number[] = []
    const sample = await measured(asks, async () => {
      for (let ask = 0; ask < asks; ask++) {
        const start = performance.now()
        const { remaining } = await work.job(id)
        latenciesMs.push(performance.now() - start)
        if (remaining === 0) throw new Error('The job was over before it was asked for')
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    })
    gate.resolve()
    await drained
    await work.close()
    await home.close()
    return { ...sample, latenciesMs }
  }
}

/** How long it took to store the job. */
async function runOne(
  work: Piecework,
  definition: ReturnType<typeof sums>,
  size: number,
  workers: number | undefined,
): Promise<number> {
  const start = performance.now()
  const run = await work.run(definition, stream(size), workers === undefined ? {} : { workers })
  const ms = performance.now() - start
  await work.drain()
  const { result } = await run.info()
  if (result !== (size * (size - 1)) / 2) throw new Error(`The job of ${size} parts came to ${result}`)
  return ms
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number)
}

async function* stream(count: number): AsyncGenerator<number> {
  for (let number = 0; number < count; number++) yield number
}
