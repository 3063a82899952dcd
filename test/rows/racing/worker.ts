/** One process of a race over rows: it works until it is told to end, or killed. node worker.ts ORDER */
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { seeded } from '../../../src/conformance/random.ts'
import { piecework, rowDispatcher } from '../../../src/index.ts'
import { endWhenTold } from '../../kill/death.ts'
import { noteLine, type RaceNote, type RaceOrder } from './order.ts'
import { sourceAt } from './sources.ts'

const order = JSON.parse(process.argv[2] ?? '') as RaceOrder
const random = seeded(order.seed)
const { pid } = process

function note(what: RaceNote['what'], { id, attempt }: { readonly id: string; readonly attempt: number }): void {
  appendFileSync(order.log, noteLine({ what, pid, id, attempt }))
}

const scrape = rowDispatcher('scrape', {
  source: await sourceAt(order.place),
  queueSize: 8,
  startWithin: order.startWithinMs,
  maxDuration: order.maxDurationMs,
  // A row whose process is killed again and again is still none of the race's failures.
  maxTries: 1_000,
  run: async ({ id, attempt, signal }) => {
    note('+', { id, attempt })
    const chance = random.below(100)
    await sleep(random.below(2 * order.bodyMs))
    if (chance < order.failures) throw new Error('no such page')
    if (chance < order.failures + order.overruns) await sleep(60_000, undefined, { signal })
    note('-', { id, attempt })
  },
})
const quiet = () => {}
const work = piecework({
  definitions: [scrape],
  concurrency: order.concurrency,
  poll: '200ms',
  logger: { info: quiet, warn: quiet, error: quiet },
})
for (const what of ['started', 'completed', 'retrying', 'failed', 'lost', 'gone', 'expired'] as const) {
  work.on(what, (event: { readonly id: string; readonly attempt: number }) => note(what, event))
}

endWhenTold(() => work.close({ timeout: '5s' }))

await work.start()
process.send?.('working')
