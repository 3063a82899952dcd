/**
 * The endurance run: one process that does all that an app may do, for ever the same, and looks at what it holds:
 *
 *     node --expose-gc test/soak/endurance/process.ts <tasks> <seed>
 *
 * What it found goes to stdout as JSON, a line for each look to stderr.
 */
import './listeners.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { seeded } from '../../../src/conformance/random.ts'
import { LeaseLostError, PieceworkError } from '../../../src/index.ts'
import { type Endurance, warmUp } from './flat.ts'
import { type Look, look, lookAtRest } from './look.ts'
import * as others from './other-acts.ts'
import * as tasks from './task-acts.ts'
import { open, type World } from './world.ts'

const [total = 0, seed = 1] = process.argv.slice(2).map(Number)
/** Callers at the same time: what is under way at once is bounded by them. */
const callers = 40
const looks = 20

/** How often each act is done, of all. */
const mix: readonly (readonly [share: number, act: tasks.Act])[] = [
  [300, tasks.batch],
  [60, tasks.mixed],
  [40, tasks.keyed],
  [20, tasks.cancels],
  [20, tasks.byHand],
  [20, tasks.next],
  [20, tasks.listens],
  [10, tasks.threads],
  [10, tasks.rows],
  [20, others.job],
  [6, others.badJobs],
  [6, others.partsOutside],
  [3, others.dispatch],
  [6, others.schedule],
  [6, others.http],
  [2, others.socket],
  [2, others.guest],
]
const drawn = mix.flatMap(([share, act]) => Array.from({ length: share }, () => act))

const warnings: string[] = []
process.on('warning', ({ name, message }) => void warnings.push(`${name}: ${message}`))

const folder = mkdtempSync(join(tmpdir(), 'piecework-endurance-'))
const nothing = { rows: 0, file: 0 }
// What is loaded when it is first needed leaves handles of its own.
await import('piscina')
await sleep(100)
// So do standard output and error, once they are used.
void [process.stdout, process.stderr]
const before = await lookAtRest(() => look(0, nothing))
const world = await open(folder, seeded(seed))

const step = total / looks
const restAt = Math.floor(looks * warmUp) * step
const busy: Look[] = []

/** All callers at once, until so many tasks have ended and all acts are through. */
async function until(ended: number): Promise<void> {
  const call = async () => {
    while (world.ended < ended) {
      await done(world.random.pick(drawn))
      await lookIfDue()
    }
  }
  await Promise.all(Array.from({ length: callers }, call))
}

/** Acts that were told of something lost. */
let excused = 0
async function done(act: tasks.Act): Promise<void> {
  try {
    await act(world)
  } catch (error) {
    // Where this process stood still for seconds, as on a disk that is busy with others, a cleanup may be quicker than
    // whoever asks what became of a task, and a lease may be over.
    const isKnown = error instanceof LeaseLostError || (error instanceof PieceworkError && error.code === 'not_found')
    if (!isKnown || ++excused > 100) throw error
  }
}

let looking = false
async function lookIfDue(): Promise<void> {
  if (looking || world.ended < (busy.length + 1) * step) return
  looking = true
  const stored = await world.stored()
  busy.push(tell(look(world.ended, stored)))
  looking = false
}

async function rest(world: World): Promise<Look> {
  // Long enough for a tick that came just now, and for what is written down afterwards.
  await sleep(500)
  if (world.ends.open > 3 * excused) world.wrong.push(`${world.ends.open} ends were told twice, or to nobody`)
  return tell(await lookAtRest(async () => look(world.ended, await world.stored())))
}

function tell(one: Look): Look {
  console.error(JSON.stringify(one))
  return one
}

// Code that is seldom used is compiled, and its caches are filled, before the first look that counts.
await Promise.all(mix.flatMap(([, act]) => Array.from({ length: 4 }, () => done(act))))
await until(restAt)
const warm = await rest(world)
await until(total)
const end = await rest(world)
await world.close()
const after = await lookAtRest(() => look(world.ended, nothing))
rmSync(folder, { recursive: true, force: true })
const { events, wrong } = world
const report: Endurance = { seed, busy, rests: [warm, end], outside: [before, after], events, warnings, wrong }
// A timer that was left would keep it from ending; it is in the report.
process.stdout.write(JSON.stringify(report), () => process.exit())
