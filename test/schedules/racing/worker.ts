/** One process of the race: it schedules, it may work, its clock is off, and it may kill itself. node worker.ts ORDER */
import { piecework } from '../../../src/index.ts'
import { systemClock } from '../../../src/runner/clock.ts'
import type { Change, Row, Storage } from '../../../src/storage/index.ts'
import { die, endWhenTold, keepCompiled } from '../../kill/death.ts'
import { type Address, openAt } from '../../servers/places.ts'
import { tick } from './tick.ts'

export interface RaceOrder {
  readonly address: Address
  /** How far its own clock is off. */
  readonly skewMs: number
  /** Whether it runs tasks as well. */
  readonly work: boolean
  /** It kills itself at this write, before or after it; 0: never. */
  readonly dieAtWrite: number
  readonly dieBefore: boolean
}

const order = JSON.parse(process.argv[2] ?? '') as RaceOrder
let writesLeft = order.dieAtWrite

async function write<T>(body: () => T | Promise<T>): Promise<T> {
  const isLast = --writesLeft === 0
  if (isLast && order.dieBefore) die()
  const answer = await body()
  if (isLast) die()
  return answer
}

const real = await openAt(order.address)
const storage: Storage = Object.assign(Object.create(real) as Storage, {
  insert: (rows: readonly Row[]) => write(() => real.insert(rows)),
  apply: (changes: readonly Change[]) => write(() => real.apply(changes)),
})
const quiet = () => {}
const work = piecework({
  storage,
  definitions: [tick],
  clock: { ...systemClock, now: () => systemClock.now() + order.skewMs },
  lease: '2s',
  poll: '500ms',
  logger: { info: quiet, warn: quiet, error: quiet },
})

endWhenTold(() => work.close({ timeout: '5s' }))
await work.start({ work: order.work })
process.send?.('working')
keepCompiled()
