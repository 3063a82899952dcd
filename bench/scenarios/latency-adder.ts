/** The process that adds: one task at a time, at moments that are the same in every run. */
import { setTimeout as pause } from 'node:timers/promises'
import { openAdder } from '../contenders/piecework.ts'
import { onSqlite } from '../contenders/piecework-sqlite.ts'
import { openAdder as openPlainjob } from '../contenders/plainjob.ts'
import { sharedNow } from './shared-now.ts'

const [adder, folder = '', count] = process.argv.slice(2)
const { add, close } = await (adder === 'piecework'
  ? openAdder(onSqlite('node:sqlite', 'full'), folder, sharedNow)
  : openPlainjob(folder, sharedNow))

// Park and Miller's generator: the pattern must not fall in with a poll's beat, and be the same in every run.
const seedMax = 2 ** 31 - 1
let seed = 20_261_122
for (let added = 0; added < Number(count); added++) {
  seed = (seed * 48_271) % seedMax
  await pause(50 + (seed / seedMax) * 100)
  await add()
}
await close()
