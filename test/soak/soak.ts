/**
 * The long soak: faults for a minute, then a million tasks in one process.
 *
 *     node test/soak/soak.ts --seconds 60 --processes 4 [--seed 1] [--tasks 20000] [--driver d] [--synchronous s]
 *         --endurance 1000000 [--only faults | endurance]
 */
import { parseArgs } from 'node:util'
import { chosenSeed } from '../../src/conformance/random.ts'
import { endure } from './endurance/endure.ts'
import { grown } from './endurance/flat.ts'
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
    endurance: { type: 'string', default: '1000000' },
    only: { type: 'string' },
  },
})
const seed = chosenSeed(values.seed === undefined ? undefined : Number(values.seed), () => Date.now() % 100_000)
const ways = { faults, endurance }
const chosen = values.only === undefined ? Object.values(ways) : [ways[values.only as keyof typeof ways]]
for (const way of chosen) if (!(await way())) process.exitCode = 1

async function faults(): Promise<boolean> {
  const seconds = Number(values.seconds)
  const processes = Number(values.processes)
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
  return breaches.size === 0
}

/** The looks as they are made, then all of them, and what is wrong with them. */
async function endurance(): Promise<boolean> {
  const tasks = Number(values.endurance)
  console.log(`Endurance with seed ${seed}: ${tasks} tasks of all kinds in one process on SQLite`)
  const report = await endure({ tasks, seed, onLook: (line) => console.log(line) })
  const { busy, rests, outside, events, warnings, wrong } = report
  console.table(busy)
  console.log('At rest, once warm and at the end; before the instance was made, and when it was closed:')
  console.table([...rests, ...outside])
  console.table(events)
  const found = [...grown(report), ...warnings, ...wrong]
  for (const one of found) console.error(one)
  console.log(found.length === 0 ? 'All stayed as it was' : 'Not all stayed as it was')
  return found.length === 0
}
