import { describe, expect, test, vi } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { cases, type Mutant, model, mutants, oracle, runCase } from '../../src/conformance/index.ts'

/** The named case that fails on this storage first, or undefined. */
async function killer({ of }: Mutant, correct: () => ReturnType<typeof oracle>): Promise<string | undefined> {
  for (const each of cases) {
    try {
      await runCase(each, () => of(correct()))
    } catch (error) {
      expect(error).toBeInstanceOf(Error)
      return each.name
    }
  }
  return undefined
}

describe.each([
  ['memory', () => memory()],
  ['oracle', () => oracle()],
] as const)('a mutant of %s', (_, correct) => {
  test('without a flaw passes every case', async () => {
    const nothing: Mutant = { name: 'none', breaks: 'nothing', of: (storage) => storage }
    expect(await killer(nothing, correct)).toBeUndefined()
  })

  test.each(mutants)('is found out: $name', async (mutant) => {
    const killedBy = await killer(mutant, correct)
    console.log(`${mutant.name}  <-  ${killedBy ?? 'NOBODY'}`)
    expect(killedBy, `no named case finds out that ${mutant.name}`).toBeDefined()
  })
})

describe('the model', () => {
  /** Runs the model as a test runner would, and gives its failure. */
  async function failure(create: () => ReturnType<typeof oracle>): Promise<unknown> {
    const runs: Promise<void>[] = []
    model({ test: (_, run) => runs.push(run()), create, histories: 60, seed: 7, shrink: false })
    return Promise.all(runs).then(
      () => undefined,
      (error: unknown) => error,
    )
  }

  test('passes a correct storage and finds out most mutants by itself, with a seed that repeats it', async () => {
    const print = vi.spyOn(console, 'log').mockImplementation(() => {})
    expect(await failure(() => memory())).toBeUndefined()
    const missed: string[] = []
    for (const mutant of mutants) {
      const error = await failure(() => mutant.of(oracle()))
      if (error === undefined) missed.push(mutant.name)
      else expect(String(error)).toMatch(/PIECEWORK_SEED=7 PIECEWORK_PATH=/)
    }
    print.mockRestore()
    console.log(
      `the model alone finds ${mutants.length - missed.length} of ${mutants.length}; not: ${missed.join('; ')}`,
    )
    expect(missed.length).toBeLessThan(mutants.length / 2)
  })
})
