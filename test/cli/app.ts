/** An app's module as `piecework work` loads it. What it is told comes by its environment: where to store, and what to do wrong. */
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { piecework, task } from '../../src/index.ts'

interface Order {
  /** `spin`: it holds up its whole process; `deaf`: it does not heed its signal. */
  readonly how: 'answer' | 'heed' | 'deaf' | 'spin'
}

const { APP_FILE = 'work.db', APP_LOG = `${APP_FILE}.pids`, APP_WRONG } = process.env
appendFileSync(APP_LOG, `${process.pid}\n`)
if (APP_WRONG === 'throws') throw new RangeError('out of paper')
if (APP_WRONG === 'exits') process.exit(0)

const order = task('order', {
  run: async ({ input, signal }: { input: Order; signal: AbortSignal }) => {
    if (input.how === 'heed') await sleep(60_000, undefined, { signal })
    if (input.how === 'deaf') await sleep(60_000)
    while (input.how === 'spin');
    return process.pid
  },
})

export const work =
  APP_WRONG === 'empty' ? undefined : piecework({ storage: sqlite(APP_FILE), definitions: [order], concurrency: 1 })

if (APP_WRONG === 'dies' && work) {
  const start = work.start.bind(work)
  work.start = async (options) => {
    await start(options)
    setTimeout(() => process.exit(7), 20)
  }
}
