/** Jobs raced through by real processes that end their last parts together and are killed at any moment. */
import { beforeAll, describe, expect, test } from 'vitest'
import { chosenSeed } from '../../src/conformance/random.ts'
import { breachesOf, collisions, type Promised } from './racing/check.ts'
import { type Race, race } from './racing/run.ts'

/** `PIECEWORK_RACE_JOBS=20000` for a long one. */
const most = Number(process.env.PIECEWORK_RACE_JOBS ?? 2_000)
/** The writes of all processes go one after another: those of one instant take about so long on a machine with two cores. */
const togetherMs = 100

describe.each([
  { what: 'jobs that all end well', jobs: most, trouble: 0 },
  { what: 'jobs that fail or are cancelled, and go on', jobs: most / 5, trouble: 6 },
])('$what', ({ jobs, trouble }) => {
  let outcome: Race
  let breaches: ReadonlyMap<Promised, readonly string[]>

  beforeAll(
    async () => {
      const seed = chosenSeed(undefined, () => Date.now() % 100_000)
      outcome = await race({ seed, jobs, processes: 8, concurrency: 8, kills: Math.round(jobs / 80), trouble })
      breaches = breachesOf(outcome)
      const counts = { ...outcome.counts, 'ends that collided': collisions(outcome, togetherMs) }
      console.log(`PIECEWORK_SEED=${seed}: ${jobs} jobs by 64 workers: ${JSON.stringify(counts)}`)
    },
    60_000 + jobs * 100,
  )

  function broken(...promised: Promised[]): string[] {
    return promised.flatMap((one) => breaches.get(one) ?? []).slice(0, 10)
  }

  test('there was something to get through: processes were killed, and last parts of jobs ended together', () => {
    expect(outcome.counts.struck).toBeGreaterThanOrEqual(jobs / 200)
    expect(outcome.counts.struck! + outcome.counts.selfKills!).toBeGreaterThan(jobs / 100)
    expect(collisions(outcome, togetherMs)).toBeGreaterThan(jobs / 50)
  })

  test('MR-01 P-REDUCE each job has exactly one committed reduce, and none is missing', () => {
    expect(broken('missing', 'reduced once')).toEqual([])
  })

  test('MR-01 MR-05 no reduce is due before every part of its job has ended', () => {
    expect(broken('reduced early')).toEqual([])
  })

  test('MR-03 P-PARTS a reduce sees of each part the one outcome that was recorded, in order, and nothing else', () => {
    expect(broken('inputs')).toEqual([])
  })

  test('CR-07 a job whose adding was killed and run again has each of its parts once', () => {
    expect(broken('parts')).toEqual([])
  })

  test('jobs and parts make no step that their machines do not have', () => {
    expect(broken('moves')).toEqual([])
  })

  test('a job with workers never has more parts at work than that, whoever is killed', () => {
    expect(broken('workers')).toEqual([])
  })

  test('W23 what a crash leaves undone is done at a wake of the job, half a minute later at most', () => {
    expect(broken('wakes')).toEqual([])
  })

  test('no process ends by an error', () => {
    expect(outcome.wrongEnds).toEqual([])
  })
})
