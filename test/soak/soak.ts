/** The long soak: node test/soak/soak.ts --seconds 60 --processes 4 [--seed 1] [--tasks 20000] [--driver d] [--synchronous s] */
import { parseArgs } from 'node:util'
import { chosenSeed } from '../../src/conformance/random.ts'
import type { DriverName } from './fleet.ts'
import { soak } from './run.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    processes: { type: 'string', default: '4' },
    tasks: { type: 'string' },
    seed: { type: 'string' },
    driver: { type: 'string', default: 'both' },
    synchronous: { type: 'string', default: 'normal' },
  },
})
const seconds = Number(values.seconds)
const processes = Number(values.processes)
const seed = chosenSeed(values.seed === undefined ? undefined : Number(values.seed), () => Date.now() % 100_000)
const drivers: DriverName[] =
  values.driver === 'both' ? ['node:sqlite', 'better-sqlite3'] : [values.driver as DriverName]
console.log(`Soak with seed ${seed}: ${processes} processes on ${drivers.join(' and ')}, ${seconds} s of faults`)
const { breaches, counts, folder } = await soak({
  seed,
  seconds,
  processes,
  tasks: Number(values.tasks ?? seconds * 400),
  drivers,
  synchronous: values.synchronous === 'full' ? 'full' : 'normal',
  drainSeconds: 180,
})
console.table(counts)
for (const [promised, texts] of breaches) {
  console.error(`\nBreach of ${promised}, ${texts.length} times:`)
  for (const text of texts.slice(0, 5)) console.error(`  ${text}`)
}
console.log(breaches.size === 0 ? 'No breach' : `The evidence is in ${folder}`)
process.exitCode = breaches.size === 0 ? 0 : 1
