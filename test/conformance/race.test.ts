import { describe, expect, test, vi } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { mutants, oracle, race } from '../../src/conformance/index.ts'

/** Runs a race in this process as a test runner would, and gives its failure. */
async function failure(create: () => ReturnType<typeof oracle>, seed: number): Promise<unknown> {
  const runs: Promise<void>[] = []
  const print = vi.spyOn(console, 'log').mockImplementation(() => {})
  race({ test: (_, run) => runs.push(run()), create, seed })
  const outcome = await Promise.all(runs).then(
    () => undefined,
    (error: unknown) => error,
  )
  print.mockRestore()
  return outcome
}

describe('a race in one process', () => {
  test('has nothing to complain of on a correct storage, with 20 seeds', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      expect(await failure(() => oracle(), seed), `seed ${seed}`).toBeUndefined()
      expect(await failure(() => memory(), seed), `seed ${seed}`).toBeUndefined()
    }
  })

  test('finds out mutants by itself', async () => {
    const missed: string[] = []
    for (const mutant of mutants) {
      const errors = [await failure(() => mutant.of(oracle()), 1)]
      if (errors.every((error) => error === undefined)) missed.push(mutant.name)
    }
    console.log(
      `the race alone finds ${mutants.length - missed.length} of ${mutants.length}; not: ${missed.join('; ')}`,
    )
    const mustFind = [
      'apply is not checked',
      'apply checks the worker behind the holder, and no rev',
      'apply looks first and writes later',
      'an extend under way makes an apply stale',
      'extend is not checked',
      'extend raises the rev',
      'claim hands out a row whose lease runs',
      'two claims at the same time share their rows',
      'claim does not count tries',
      'insert looks for the key first and stores later',
      'a key is never let go of',
      'an own write that comes again is stale',
      'a removal does not happen',
    ]
    expect(missed.filter((name) => mustFind.includes(name))).toEqual([])
  })
})
