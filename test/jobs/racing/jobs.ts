/** The jobs of the race: what each has to do by its number, and handlers that end together in all processes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { seeded } from '../../../src/conformance/random.ts'
import { fixed, type JobDefinition, job } from '../../../src/index.ts'

/** The result of a part names the attempt that made it, so that a result of another attempt would show. */
export interface Made {
  readonly value: string
  readonly fence: number
  readonly attempt: number
  readonly pid: number
}

/** What one job of the race is. */
export interface Plan {
  readonly id: string
  readonly kind: number
  readonly values: readonly string[]
  /** At most so many of its parts at once. */
  readonly workers: number | undefined
}

/** Few parts for each job: then most ends of parts are the last ones of a job. */
const partsMax = 8

/**
 * Handlers wait for the next of these instants, so that those of all processes end at the same time; and so long that no
 * process fetches parts ahead, which would give it all parts of a job.
 */
const tickMs = 100

export function planOf(seed: number, number: number): Plan {
  const random = seeded(seed * 1_000_003 + number)
  const parts = random.below(partsMax + 1)
  const values = Array.from({ length: parts }, (_, index) => `${number}/${index}/${random.below(1_000_000)}`)
  const workers = random.chance(15) ? 1 + random.below(3) : undefined
  return { id: `job-${number}`, kind: number % kinds, values, workers }
}

/** Of each kind a process runs one part at a time, so that those of one job are spread over the processes. */
const kinds = 8
const concurrencyOfKind = 1

export type RaceJob = JobDefinition<string, Made, { readonly number: number }, readonly Input[]>

/** One input of a reduce, which hands back all of them. */
export interface Input {
  readonly index: number
  readonly result: Made
}

/** What fails a job at once, in a race with trouble. */
class Corrupt extends Error {}

/** @param trouble how many attempts at a part of a hundred fail their job. */
export function raceJobs(trouble: number): RaceJob[] {
  return Array.from({ length: kinds }, (_, kind) =>
    job(`race-${kind}`, {
      concurrency: concurrencyOfKind,
      // A part that is killed again and again is still none of the race's failures.
      retry: fixed({ maxAttempts: 1_000, delay: 0 }),
      maxCrashes: 1_000,
      failOn: [Corrupt],
      map: async ({ part: value, fence, attempt }: { part: string; fence: number; attempt: number }): Promise<Made> => {
        await sleep(tickMs - (Date.now() % tickMs))
        // By the fence, which no other attempt has.
        if (seeded(fence).chance(trouble)) throw new Corrupt(`attempt ${attempt} of ${value}`)
        return { value, fence, attempt, pid: process.pid }
      },
      reduce: async ({ parts }): Promise<readonly Input[]> => {
        const inputs: Input[] = []
        for await (const { index, result } of parts) inputs.push({ index, result })
        return inputs
      },
    }),
  ) as RaceJob[]
}
