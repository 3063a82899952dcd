/**
 * plainjob 0.0.14 on better-sqlite3, as its own benchmark runs it: one worker, a silent logger (the default one calls
 * `console.debug` several times a task). A worker runs one task after another; more of them in one process only take
 * turns, so there is no concurrency to set.
 */
import { better, defineQueue, defineWorker, type Queue } from 'plainjob'
import { measured, type Sample } from '../scenario.ts'
import { openDatabase, type Synchronous, settleFile } from './database.ts'

const logger = { error() {}, warn() {}, info() {}, debug() {} }

/** Tasks in one call of `addMany` while a file is prepared. */
const addedAtOnce = 10_000

export function drain(synchronous: Synchronous) {
  return async (folder: string, count: number): Promise<Sample> => {
    const queue = open(folder, synchronous)
    for (let added = 0; added < count; added += addedAtOnce) {
      const inputs = Array.from({ length: Math.min(addedAtOnce, count - added) }, (_, number) => ({ number }))
      queue.addMany('noop', inputs)
    }
    settleFile(folder)
    const sample = await measured(count, async () => {
      let done = 0
      const { promise, resolve } = Promise.withResolvers<void>()
      const onCompleted = () => {
        if (++done === count) resolve()
      }
      const worker = defineWorker('noop', async () => {}, { queue, logger, onCompleted, pollIntervall: 0 })
      const ended = worker.start()
      await promise
      await worker.stop()
      await ended
    })
    queue.close()
    return sample
  }
}

/** Its `add` is synchronous, one transaction each: nothing is ever in flight. */
export function addSingly(synchronous: Synchronous) {
  return async (folder: string, count: number): Promise<Sample> => {
    const queue = open(folder, synchronous)
    queue.add('noop', { number: -1 })
    const sample = await measured(count, () => {
      for (let number = 0; number < count; number++) queue.add('noop', { number })
    })
    queue.close()
    return sample
  }
}

/** Starts a worker that waits for work. */
export function startWorker(folder: string, pollMs: number, begun: (at: number) => void): () => Promise<void> {
  const queue = open(folder, 'full')
  const worker = defineWorker('timed', ({ data }) => begun(JSON.parse(data).at), {
    queue,
    logger,
    pollIntervall: pollMs,
  })
  const ended = worker.start()
  return async () => {
    await worker.stop()
    await ended
    queue.close()
  }
}

/** Gives a function that adds one task stamped with the time. */
export function openAdder(folder: string, now: () => number): { add: () => unknown; close: () => void } {
  const queue = open(folder, 'full')
  return { add: () => queue.add('timed', { at: now() }), close: () => queue.close() }
}

function open(folder: string, synchronous: Synchronous): Queue {
  const connection = better(openDatabase(folder, synchronous))
  const queue = defineQueue({ connection, logger })
  // It sets `synchronous = normal` itself, so what is measured comes after.
  connection.pragma(`synchronous = ${synchronous}`)
  return queue
}
