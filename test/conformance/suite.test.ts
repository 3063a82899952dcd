import { describe, expect, test, vi } from 'vitest'
import {
  type Create,
  cases,
  conformance,
  model,
  mutants,
  oracle,
  race,
  type TestContext,
} from '../../src/conformance/index.ts'
import type { Traits } from '../../src/storage/index.ts'

/** A runner of ten lines: declares everything, then runs it and tells what came of each test. */
async function ranBy(
  declare: (test: (name: string, run: (context?: TestContext) => Promise<void>) => void) => void,
  withSkip = true,
) {
  const declared: { name: string; run: (context?: TestContext) => Promise<void> }[] = []
  declare((name, run) => declared.push({ name, run }))
  const outcomes = new Map<string, string>()
  for (const { name, run } of declared) {
    outcomes.set(name, 'passed')
    const skip = (reason?: string) => outcomes.set(name, `skipped: ${reason}`)
    await run(withSkip ? { skip } : undefined).catch((error: Error) => outcomes.set(name, `failed: ${error.message}`))
  }
  return { declared, outcomes }
}

const failed = (outcomes: Map<string, string>) => [...outcomes].filter(([, outcome]) => outcome.startsWith('failed'))

/** A correct storage that declares what is not so. */
const lying =
  (traits: Partial<Traits>): Create =>
  () =>
    oracle(traits)

describe('the suite', () => {
  test('gives every case a name of its own that begins with its group', () => {
    const names = cases.map((each) => each.name)
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[a-z ]+ - .{20,}/)
  })

  test('declares one test for each case, and its functions take no parameter that mocha or jest would wait for', async () => {
    const { declared } = await ranBy((each) => conformance({ test: each, create: () => oracle() }))
    expect(declared.map(({ name }) => name)).toEqual(cases.map((each) => each.name))
    expect(declared.map(({ run }) => run.length)).toEqual(cases.map(() => 0))
  })

  test('runs without a context, and fails nothing on a correct storage, with 20 seeds', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { outcomes } = await ranBy((each) => conformance({ test: each, create: () => oracle(), seed }), false)
      expect(failed(outcomes)).toEqual([])
    }
  })

  test('prints the reason of each case that it skips, and gives it to the runner', async () => {
    const print = vi.spyOn(console, 'log').mockImplementation(() => {})
    const { outcomes } = await ranBy((each) => conformance({ test: each, create: () => oracle() }))
    const lines = print.mock.calls.map(([line]) => String(line))
    print.mockRestore()
    const skipped = [...outcomes].filter(([, outcome]) => outcome.startsWith('skipped'))
    expect(skipped.length).toBeGreaterThan(5)
    for (const [name, outcome] of skipped)
      expect(lines).toContain(`skipped: ${name}: ${outcome.slice('skipped: '.length)}`)
    expect(skipped.map(([name]) => name)).toContain(
      'watch - watch changes nothing of what the other verbs do, and stops when told to',
    )
  })

  test('cleans up and closes what it opened, after a failure too', async () => {
    let [made, closed, cleaned] = [0, 0, 0]
    const create = () => {
      made += 1
      const storage = mutants.find(({ name }) => name === 'a removal does not happen')!.of(oracle())
      const close = () => {
        closed += 1
      }
      const cleanup = () => {
        cleaned += 1
      }
      return { storage: { ...storage, close }, cleanup }
    }
    const { outcomes } = await ranBy((each) => conformance({ test: each, create }))
    expect(failed(outcomes).length).toBeGreaterThan(0)
    expect(made).toBe(cases.length)
    expect(cleaned).toBe(cases.length)
    expect(closed).toBeGreaterThanOrEqual(cases.length)
  })
})

describe('a trait that lies is a failing case', () => {
  const lies: [string, Create][] = [
    ['shared without a clock', lying({ shared: true })],
    ['a batchMax of zero', lying({ batchMax: 0 })],
    ['a rowMaxBytes that is no number', lying({ rowMaxBytes: Number.NaN })],
    ['a lag below zero', lying({ lagMs: -1 })],
    ['an order of its own', lying({ order: 'roughly' as 'close' })],
    [
      'durable, and another storage sees nothing',
      () => ({ storage: oracle({ durable: true }), again: () => oracle() }),
    ],
    [
      'shared, and another storage sees nothing',
      () => {
        const made = () => ({ ...oracle({ shared: true }), now: () => ({ now: 1_700_000_000_000, error: 0 }) })
        return { storage: made(), again: made }
      },
    ],
    [
      'exact, and out of order',
      () => mutants.find(({ name }) => name === 'claim hands out the last row first')!.of(oracle()),
    ],
    [
      'a batchMax that it does not take',
      () => mutants.find(({ name }) => name === 'a batch of batchMax throws')!.of(oracle()),
    ],
    [
      'a rowMaxBytes that it does not keep',
      () => mutants.find(({ name }) => name === 'texts are cut at 64 KiB')!.of(oracle()),
    ],
    ['no lag, and get lags', () => mutants.find(({ name }) => name === 'get lags')!.of(oracle())],
  ]
  test.each(lies)('%s', async (_, create) => {
    const { outcomes } = await ranBy((each) => conformance({ test: each, create }))
    expect(failed(outcomes).length).toBeGreaterThan(0)
  })
})

describe('an order that is only close', () => {
  /** A correct storage of order `close`: every other claim finds one row fewer than is due, as an index that lags would. */
  const close: Create = () => {
    const right = oracle({ order: 'close', lagMs: 1 })
    let claims = 0
    return {
      ...right,
      claim: (request) =>
        claims++ % 2 === 0 && request.limit > 1
          ? right.claim({ ...request, limit: request.limit - 1 })
          : right.claim(request),
    }
  }

  test('passes every case and the model', async () => {
    const { outcomes } = await ranBy((each) => {
      conformance({ test: each, create: close })
      model({ test: each, create: close, histories: 100, seed: 3 })
      race({ test: each, create: close })
    })
    expect(failed(outcomes)).toEqual([])
  })
})

describe('the oracle', () => {
  conformance({ test, create: () => oracle() })
  model({ test, create: () => oracle(), histories: 300 })
  race({ test, create: () => oracle() })
})
