/** What an author is told whose storage answers a batch by the wrong number of results: that, and nothing else. */
import { describe, expect, test, vi } from 'vitest'
import { cases, model, mutants, oracle, race, runCase, type Test } from '../../src/conformance/index.ts'

const verbs = ['insert', 'extend', 'apply', 'get'] as const

function mutantOf(name: string) {
  const found = mutants.find((each) => each.name === name)
  expect(found, name).toBeDefined()
  return () => found!.of(oracle())
}

/** What the one test that is declared fails with; empty when it does not. */
async function complaint(declare: (test: Test) => void): Promise<string> {
  const print = vi.spyOn(console, 'log').mockImplementation(() => {})
  const runs: Promise<void>[] = []
  declare((_, run) => runs.push(run()))
  const said = await Promise.all(runs).then(
    () => '',
    (error: Error) => error.message,
  )
  print.mockRestore()
  return said
}

describe.each([
  ['too few', (verb: string) => `${verb} leaves out the last answer of a batch`, -1],
  ['too many', (verb: string) => `${verb} answers the last of a batch twice`, 1],
] as const)('%s answers', (_, nameOf, by) => {
  test.each(verbs)('are what every case that %s fails complains of, with the verb and both numbers', async (verb) => {
    const create = mutantOf(nameOf(verb))
    const sentence = new RegExp(`^${verb} answered a list of (\\d+) to a batch of (\\d+) \\((?:rows|changes|ids)\\): `)
    const said: string[] = []
    for (const each of cases) await runCase(each, create).catch((error: Error) => said.push(error.message))
    expect(said.length).toBeGreaterThan(1)
    for (const message of said) {
      expect(message).toMatch(sentence)
      const [, given, asked] = sentence.exec(message) ?? []
      expect(Number(given)).toBe(Number(asked) + by)
    }
  })

  test.each(verbs)('of %s are what the model complains of', async (verb) => {
    const create = mutantOf(nameOf(verb))
    const said = await complaint((each) => model({ test: each, create, histories: 60, seed: 7, shrink: false }))
    expect(said).toMatch(new RegExp(`^${verb} answered a list of \\d+ to a batch of \\d+ `))
  })

  test.each(['insert', 'extend', 'apply'] as const)('of %s are what a race complains of first', async (verb) => {
    const create = mutantOf(nameOf(verb))
    for (const faults of [false, true]) {
      const said = await complaint((each) => race({ test: each, create, faults, seed: 1 }))
      expect(said).toMatch(new RegExp(`:\\n- call \\d+ of h\\d: ${verb} answered a list of \\d+ to a batch of \\d+ `))
    }
  })
})

test('an answer that is no list at all is told as such', async () => {
  const create = () => ({ ...oracle(), apply: () => undefined as never })
  const settling = cases.find(({ name }) => name.startsWith('apply - '))!
  await expect(runCase(settling, create)).rejects.toThrow(
    'apply answered undefined, which is no list, to a batch of 1 (changes)',
  )
})
