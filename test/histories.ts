/** How many histories the property tests make up, from which seed, and how to have one of them again. */
import fc from 'fast-check'

const { FC_SEED, FC_RUNS, FC_PATH, FC_FIRST } = process.env

/** `FC_SEED=1` for the same again. */
export const seed = Number(FC_SEED ?? Date.now() % 2 ** 31)

/** `FC_RUNS=20000` for a long run. */
export const runs = Number(FC_RUNS ?? 300)

/** So many that each kind of trouble is met; not where only one history is run again. */
export const isWhole = runs >= 300 && FC_PATH === undefined

/** `FC_PATH=12:0` for one history of a seed alone; `FC_FIRST=1` for a failure as it came, not made small. */
export const parameters = {
  numRuns: runs,
  seed,
  timeout: 60_000,
  endOnFailure: FC_FIRST !== undefined,
  ...(FC_PATH === undefined ? {} : { path: FC_PATH }),
}

/** Three times of four it is the first. */
export const rare = <T>(often: T, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(often) }, { weight: 1, arbitrary })
