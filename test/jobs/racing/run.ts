/** The race: real processes on one SQLite file, killed while they add, run and end jobs; and then what came of it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sqlite } from '../../../adapters/sqlite/index.ts'
import { piecework } from '../../../src/index.ts'
import { anHourLater } from '../../kill/later.ts'
import { Audit, type Last, prepare, type Step } from './audit.ts'
import { Fleet, type RaceOptions } from './fleet.ts'
import { type Plan, planOf, raceJobs } from './jobs.ts'

export interface Race {
  readonly plans: readonly Plan[]
  readonly rows: ReadonlyMap<string, Last>
  /** By the job's id. */
  readonly steps: ReadonlyMap<string, readonly Step[]>
  /** Jobs that a crash had left to the wake of their own, with how long that would have taken. */
  readonly left: ReadonlyMap<string, number>
  readonly wrongEnds: readonly string[]
  readonly counts: Readonly<Record<string, number>>
}

/** From this share of the jobs on nobody is killed: what is not done at the end is then not merely late. */
const calmFrom = 0.95

/** All processes together may take so long for one job, with a start on top. */
const msForJob = 60
const msToStart = 30_000

export async function race(options: RaceOptions): Promise<Race> {
  const folder = mkdtempSync(join(tmpdir(), 'piecework-race-'))
  const file = join(folder, 'race.db')
  prepare(file)
  const audit = new Audit(file)
  const fleet = new Fleet(folder, options)
  const plans = Array.from({ length: options.jobs }, (_, number) => planOf(options.seed, number))
  const begun = performance.now()
  try {
    const limit = begun + msToStart + msForJob * options.jobs
    // Kills go by what was done, not by the time: a process on a slow machine must get to work before the next one.
    const strikeEvery = (options.jobs * calmFrom) / (options.kills + 1)
    for (let strikeAt = strikeEvery; ; await sleep(50)) {
      fleet.fill()
      const { added, over } = audit.jobs()
      // The last ones are left in peace, so that what is not done at the end is not merely late.
      if (over >= options.jobs * calmFrom) fleet.calm()
      else if (over >= strikeAt && fleet.strike()) strikeAt += strikeEvery
      if (added === options.jobs && (over === added || audit.dueWithin(3_000) === 0)) break
      if (performance.now() > limit) throw new Error(`${over} of ${added} jobs are over after ${limit - begun} ms`)
    }
    const ms = performance.now() - begun
    await fleet.end()
    const left = await heal(file, audit, options.trouble)
    const seconds = Math.round(ms / 100) / 10
    const counts = { ...fleet.counts, seconds, healed: left.size }
    return { plans, rows: audit.rows(), steps: audit.steps(), left, wrongEnds: fleet.wrongEnds, counts }
  } finally {
    await fleet.end()
    audit.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What a crash left to the job's own wake: that is waited for by another clock. */
async function heal(file: string, audit: Audit, trouble: number): Promise<Map<string, number>> {
  const unfinished = [...audit.rows().values()].filter(({ id, state }) => !id.includes('/') && state !== 'completed')
  // Those that have failed or were cancelled wait for nobody but who resumes them.
  const left = unfinished.filter(({ state }) => state !== 'failed' && state !== 'cancelled')
  const wakes = left.map(({ id, wakeAt }) => [id, (wakeAt ?? Number.POSITIVE_INFINITY) - Date.now()] as const)
  const work = piecework({ storage: anHourLater(sqlite(file)), definitions: raceJobs(trouble) })
  // In a race with trouble they may fail here as well.
  for (let isResumed = true; isResumed; ) {
    await work.drain()
    const resumed = await Promise.all(unfinished.map(({ id }) => work.retry(id)))
    isResumed = resumed.includes(true)
  }
  await work.close()
  return new Map(wakes)
}
