/** Processes that follow one another on one storage, each until it is killed. */
import { expect } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { fixed, type RetryPolicy, type TaskContext, task } from '../../src/index.ts'
import { type ManualClock, manualClock, type Verb } from '../../src/testing/index.ts'
import { type Proc, proc } from './kit.ts'
import { ledger } from './ledger.ts'

const retry = fixed({ maxAttempts: 3, delay: 0 })

/** Processes are started one after another on the same storage; `run` may kill the one it runs in. */
export function succession(
  run: (context: TaskContext, self: Proc) => unknown,
  options: { retry?: RetryPolicy; maxCrashes?: number; concurrency?: number } = {},
) {
  const storage = ledger(memory())
  const clock = manualClock()
  let kill: { verb: Verb; when: 'before' | 'after' } | undefined
  let self: Proc
  const { concurrency = 10, ...rest } = options
  const work = task('work', { retry, run: (context: TaskContext) => run(context, self), ...rest })
  const next = async (prepare: (process: Proc) => void = () => {}) => {
    const process = proc([work], {
      storage,
      clock,
      concurrency,
      onCall: (verb, when) => {
        if (kill?.verb !== verb || kill.when !== when) return
        kill = undefined
        process.kill()
      },
    })
    self = process
    prepare(process)
    await process.work.start()
    await clock.settle()
    return process
  }
  const killAt = (verb: Verb, when: 'before' | 'after') => {
    kill = { verb, when }
  }
  return { storage, clock, work, next, killAt }
}

/** Starts a new process whenever the last one is dead, until the task with this id has ended. */
export async function untilDone(
  house: { clock: ManualClock; next: () => Promise<Proc> },
  done: () => boolean,
  dead: () => boolean,
) {
  let rounds = 0
  let process = await house.next()
  for (; !done() && rounds < 500; rounds++) {
    await house.clock.tick('31s')
    if (dead()) process = await house.next()
  }
  expect(rounds).toBeLessThan(500)
  return process
}
