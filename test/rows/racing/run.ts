/** A race over rows: real processes, struck by a seed while they work and the user writes to the same rows; then its notes. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Random, seeded } from '../../../src/conformance/random.ts'
import type { Awaitable } from '../../../src/storage/index.ts'
import { Fleet } from './fleet.ts'
import { notesIn, type RaceNote, type RacePlace } from './order.ts'

export interface RaceOptions {
  readonly place: RacePlace
  /** A file that is not there yet. */
  readonly log: string
  /** To be printed by the test: the same seed strikes in the same order. */
  readonly seed: number
  readonly rows: number
  readonly processes: number
  /** How often a process is killed, or stopped and continued. */
  readonly strikes: number
  /** How long a body takes on average. @default 15 */
  readonly bodyMs?: number
  /** How many rows have ended. Not asked again at once: it may take a while to count them. */
  readonly ended: () => Awaitable<number>
  /** What the user does at the same time: called again and again. It must not wait long for a lock of the race's. */
  readonly meanwhile: (random: Random) => Awaitable<void>
  /** How long it may take in all. @default 60_000 */
  readonly limitMs?: number
}

export interface RaceOutcome {
  readonly notes: readonly RaceNote[]
  readonly counts: Readonly<Record<string, number>>
  /** Processes that ended otherwise than they were told to: to be none. */
  readonly wrongEnds: readonly string[]
  /** The pids of the processes that were killed. */
  readonly killed: ReadonlySet<number>
}

/** From this share of the rows on nobody is struck. */
const calmFrom = 0.9

const countEveryMs = 50

/** Short limits: what a struck process held is taken back within the race, and a stopped one comes back too late. */
const limits = { startWithinMs: 700, maxDurationMs: 800, stopMs: 600 } as const

export async function race(options: RaceOptions): Promise<RaceOutcome> {
  const { place, log, seed, rows, processes, strikes, bodyMs = 15, ended, meanwhile, limitMs = 60_000 } = options
  const { stopMs, ...times } = limits
  const order = { place, log, seed, ...times, bodyMs, concurrency: 8, failures: 3, overruns: 0.5 }
  const fleet = new Fleet({ processes, order, stopMs })
  const random = seeded(seed + 1)
  const begun = performance.now()
  let [writes, done, countFrom] = [0, 0, 0]
  try {
    const strikeEvery = (rows * calmFrom) / (strikes + 1)
    for (let strikeAt = strikeEvery; ; await sleep(5)) {
      fleet.fill()
      await meanwhile(random)
      writes++
      if (performance.now() >= countFrom) {
        done = await ended()
        countFrom = performance.now() + countEveryMs
      }
      if (done < rows * calmFrom && done >= strikeAt && fleet.strike()) strikeAt += strikeEvery
      if (done === rows) break
      if (performance.now() - begun > limitMs) throw new Error(`${done} of ${rows} rows have ended in ${limitMs} ms`)
    }
    await fleet.settle()
  } finally {
    await fleet.end()
  }
  const seconds = Math.round((performance.now() - begun) / 100) / 10
  const counts = { ...fleet.counts, writes, seconds }
  return { notes: notesIn(readFileSync(log, 'utf8')), counts, wrongEnds: fleet.wrongEnds, killed: fleet.killed }
}
