/** `conformance()`: declares one test for each MUST of the storage contract, with any runner. */
import { type Case, runCase } from './case.ts'
import { cases } from './cases/index.ts'
import { chosenSeed } from './random.ts'
import type { Create, Test } from './subject.ts'

export interface ConformanceOptions {
  /** The runner's own `test`: of vitest, node:test, mocha, jest or what you have. */
  readonly test: Test
  /** Makes an empty storage, called afresh for every case. */
  readonly create: Create
  /** Makes the shuffles repeatable. @default `PIECEWORK_SEED`, else 1 */
  readonly seed?: number
}

/** Holds a storage to the contract: every case is a test of its own, and its name says what a correct adapter does. */
export function conformance({ test, create, seed }: ConformanceOptions): void {
  const chosen = chosenSeed(seed, () => 1)
  for (const each of cases) declare(each, test, create, chosen)
}

function declare(each: Case, test: Test, create: Create, seed: number): void {
  // The default value keeps `length` at 0: mocha and jest would take a parameter for a callback to wait for.
  test(each.name, async (context = {}) => {
    const reason = await runCase(each, create, seed)
    if (reason === undefined) return
    console.log(`skipped: ${each.name}: ${reason}`)
    context.skip?.(reason)
  })
}
