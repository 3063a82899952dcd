/** Ours, through its public face. What it stores in is opened by the files piecework-*.ts beside this one. */
import { type Piecework, piecework, task } from 'piecework'
import { memory } from 'piecework/memory'
import type { Storage } from 'piecework/storage'
import { measured, type Sample } from '../scenario.ts'
import { inLanes } from './lanes.ts'

/** Where ours keeps its tasks while it is measured once. */
export interface Home {
  readonly storage: Storage
  /** Brings the tasks that were prepared to rest, before the clock starts. */
  readonly settle: () => unknown
  /** The CPU of its server until now. */
  readonly serverCpuMs?: (() => number) | undefined
  readonly close: () => unknown
}

export type OpenHome = (place: string) => Home | Promise<Home>

export const onMemory: OpenHome = () => ({ storage: memory(), settle: () => {}, close: () => {} })

const noop = task('noop', { run: async () => {} })

/** Tasks in one call of `add` while a place is prepared. */
const addedAtOnce = 10_000

/** `crowd` puts rows into the place that are not due. */
export function drain(openHome: OpenHome, concurrency: number, crowd?: (place: string) => Promise<unknown>) {
  return async (place: string, count: number): Promise<Sample> => {
    await crowd?.(place)
    const home = await openHome(place)
    const work = open(home, concurrency)
    for (let added = 0; added < count; added += addedAtOnce) {
      await work.add(tasks(Math.min(addedAtOnce, count - added)))
    }
    await home.settle()
    const sample = await measured(count, async () => expectAll(count, await work.drain()), home.serverCpuMs)
    await work.close()
    await home.close()
    return sample
  }
}

/** `warmUp`: so many are added before. */
export function addSingly(openHome: OpenHome, inFlight: number, warmUp = 1) {
  return async (place: string, count: number): Promise<Sample> => {
    const home = await openHome(place)
    const work = open(home, 1)
    const add = (number: number) => work.add(noop, { number })
    await inLanes(warmUp, inFlight, add)
    const sample = await measured(count, () => inLanes(count, inFlight, add), home.serverCpuMs)
    await work.close()
    await home.close()
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
export async function startWorker(
  openHome: OpenHome,
  place: string,
  begun: (at: number) => void,
): Promise<() => Promise<void>> {
  const home = await openHome(place)
  const work = open(home, 10, [timed(begun)])
  await work.start()
  return async () => {
    await work.close()
    await home.close()
  }
}

/** Gives a function that adds one task stamped with the time. */
export async function openAdder(
  openHome: OpenHome,
  place: string,
  now: () => number,
): Promise<{ add: () => Promise<unknown>; close: () => Promise<void> }> {
  const home = await openHome(place)
  const definition = timed(() => {})
  const work = open(home, 10, [definition])
  return {
    add: () => work.add(definition, { at: now() }),
    async close() {
      await work.close()
      await home.close()
    },
  }
}

function open(
  { storage }: Home,
  concurrency: number,
  definitions: Parameters<typeof piecework>[0]['definitions'] = [noop],
): Piecework {
  return piecework({ storage, definitions, concurrency })
}

function tasks(count: number) {
  return Array.from({ length: count }, (_, number) => noop.with({ number }))
}

/** Attempts that were given back and begun again count twice, so there may be more. */
function expectAll(count: number, drained: number): void {
  if (drained < count) throw new Error(`Drained ${drained} of ${count} tasks`)
}
