/** One process of the race: adds its share of the jobs, works on everybody's, and may kill itself at one of its writes. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { sqlite } from '../../../adapters/sqlite/index.ts'
import { seeded } from '../../../src/conformance/random.ts'
import { piecework } from '../../../src/index.ts'
import type { Change, Row, Storage } from '../../../src/storage/index.ts'
import { endWhenTold } from '../../kill/death.ts'
import type { RaceOrder } from './fleet.ts'
import { planOf, raceJobs } from './jobs.ts'

const order = JSON.parse(process.argv[2] ?? '') as RaceOrder
let writesLeft = order.dieAtWrite

function die(): never {
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}

/** A write, with a death right before or right after it when its turn has come. */
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
const definitions = raceJobs(order.trouble)
const quiet = () => {}
const work = piecework({
  storage,
  definitions,
  concurrency: order.concurrency,
  lease: '2s',
  poll: '500ms',
  logger: { info: quiet, warn: quiet, error: quiet },
})

let isEnding = false
endWhenTold(() => {
  isEnding = true
  return work.close({ timeout: '5s' })
})

await work.start()
process.send?.('working')
const added = new Set(existsSync(order.added) ? readFileSync(order.added, 'utf8').split('\n') : [])
for (const number of order.numbers) {
  if (isEnding) break
  const { id, kind, values, workers } = planOf(order.seed, number)
  // What a killed process had begun to add is run again, with the same id.
  if (added.has(id)) continue
  await work.run(definitions[kind]!, values, { id, metadata: { number }, ...(workers ? { workers } : {}) })
  appendFileSync(order.added, `${id}\n`)
}
if (order.trouble > 0) await operate(new Set(order.numbers.map((number) => planOf(order.seed, number).id)))

/** Resumes its own jobs that have failed or were cancelled, and cancels one now and then, until all are completed. */
async function operate(left: Set<string>): Promise<void> {
  const random = seeded(process.pid)
  while (left.size > 0) {
    for (const id of left) {
      if (isEnding) return
      const [row] = real.get([id])
      if (row?.state === 'completed') left.delete(id)
      else if (row?.state === 'failed' || row?.state === 'cancelled') await work.retry(id)
      else if (random.chance(1)) await work.cancel(id)
    }
    await sleep(100)
  }
}
