/** One process of the race: it works, it may dispatch, and it may kill itself at one of its writes. node worker.ts ORDER */
import { setTimeout as sleep } from 'node:timers/promises'
import { sqlite } from '../../../adapters/sqlite/index.ts'
import { PieceworkError, piecework } from '../../../src/index.ts'
import type { Change, Row, Storage } from '../../../src/storage/index.ts'
import { die, endWhenTold } from '../../kill/death.ts'
import { attribute, consumerThat, id, itemsOf, workers } from './consumer.ts'

export interface RaceOrder {
  readonly file: string
  readonly log: string
  readonly seed: number
  readonly dispatches: boolean
  /** It kills itself at this write, before or after it; 0: never. */
  readonly dieAtWrite: number
  readonly dieBefore: boolean
}

const order = JSON.parse(process.argv[2] ?? '') as RaceOrder
let writesLeft = order.dieAtWrite

function write<T>(body: () => T): T {
  if (--writesLeft === 0 && order.dieBefore) die()
  const answer = body()
  if (writesLeft === 0) die()
  return answer
}

const real = sqlite(order.file, { synchronous: 'normal' })
const storage: Storage = {
  ...real,
  insert: (rows: readonly Row[]) => write(() => real.insert(rows)),
  apply: (changes: readonly Change[]) => write(() => real.apply(changes)),
}
const consumer = consumerThat(order.log)
const quiet = () => {}
const work = piecework({
  storage,
  definitions: [consumer],
  concurrency: workers,
  lease: '2s',
  poll: '200ms',
  logger: { info: quiet, warn: quiet, error: quiet },
})

endWhenTold(() => work.close({ timeout: '5s' }))

/** Slowly enough to be killed in the middle of it. */
async function* slowly() {
  for (const [index, item] of itemsOf(order.seed).entries()) {
    if (index % 40 === 0) await sleep(20)
    yield item
  }
}

await work.start()
process.send?.('working')
if (order.dispatches) {
  try {
    await work.dispatch({ items: slowly(), attribute, to: consumer, id, workers })
    process.send?.('dispatched')
  } catch (error) {
    // The one who dispatches beside this one goes on.
    if (!(error instanceof PieceworkError && error.code === 'superseded')) throw error
    process.send?.('superseded')
  }
}
