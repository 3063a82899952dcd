/** Retry policies: their delays, their limits, and what becomes of broken ones. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maxDurationMs } from '../../src/core/duration.ts'
import {
  type AttemptFacts,
  checkPolicy,
  decide,
  exponential,
  fixed,
  linear,
  never,
  type RetryPolicy,
  retryPresets,
} from '../../src/core/retry.ts'
import { retryArbitraries } from '../../src/testing/arbitraries.ts'

const arbitraries = retryArbitraries(fc)

function facts(attempt: number, random = 0.5): AttemptFacts {
  return { attempt, error: { name: 'Error', message: 'x' }, random: () => random }
}

/** What a policy says of attempts 1, 2, 3 ... until it stops, at most ten of them. */
function course(policy: RetryPolicy, random = 0.5): (number | 'stop')[] {
  const said: (number | 'stop')[] = []
  for (let attempt = 1; attempt <= 10 && said.at(-1) !== 'stop'; attempt++)
    said.push(decide(policy, facts(attempt, random)))
  return said
}

const options = {
  maxAttempts: fc.integer({ min: 2, max: 1_100 }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  delay: fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 0, max: maxDurationMs })),
  cap: fc.oneof(fc.integer({ min: 0, max: 10_000_000 }), fc.integer({ min: 0, max: maxDurationMs })),
  factor: fc.oneof(fc.constantFrom(1, 2, 100), fc.double({ min: 1, max: 100, noNaN: true })),
}

interface Ruled {
  readonly make: (jitter: number) => RetryPolicy
  readonly base: (attempt: number) => number
  readonly maxAttempts: number
}

/** A policy beside its rule, written out once more. */
const ruled: fc.Arbitrary<Ruled> = fc.record(options).chain(({ maxAttempts, delay, cap, factor }) =>
  fc.constantFrom<Ruled>(
    { maxAttempts, make: (jitter) => fixed({ maxAttempts, delay, jitter }), base: () => delay },
    {
      maxAttempts,
      make: (jitter) => linear({ maxAttempts, delay, cap, jitter }),
      base: (attempt) => Math.min(cap, delay * attempt),
    },
    {
      maxAttempts,
      make: (jitter) => exponential({ maxAttempts, delay, cap, factor, jitter }),
      base: (attempt) => (delay === 0 ? 0 : Math.min(cap, delay * factor ** (attempt - 1))),
    },
  ),
)

describe('a policy', () => {
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

  test('P-BACKOFF each delay lies within its bounds and its jitter, finite and never negative', () => {
    fc.assert(
      fc.property(ruled, options.jitter, fc.nat(1_100), chance, ({ make, base, maxAttempts }, jitter, nth, random) => {
        const attempt = 1 + (nth % (maxAttempts - 1))
        const said = decide(make(jitter), facts(attempt, random))
        if (said === 'stop') throw new Error('It stopped before its limit')
        expect(Number.isSafeInteger(said)).toBe(true)
        expect(said).toBeGreaterThanOrEqual(Math.max(0, Math.floor(base(attempt) * (1 - jitter))))
        expect(said).toBeLessThanOrEqual(Math.min(maxDurationMs, Math.ceil(base(attempt) * (1 + jitter) + 0.001)))
      }),
      { numRuns: 2_000 },
    )
  })

  test('P-BACKOFF without jitter it never shrinks as failures grow', () => {
    fc.assert(
      fc.property(ruled, ({ make, maxAttempts }) => {
        let last = 0
        for (let attempt = 1; attempt < maxAttempts; attempt += 1 + Math.floor(maxAttempts / 50)) {
          const said = decide(make(0), facts(attempt))
          expect(said).toBeGreaterThanOrEqual(last)
          last = Number(said)
        }
      }),
    )
  })

  test('stops at its limit and not before', () => {
    fc.assert(
      fc.property(ruled, fc.nat(), ({ make, maxAttempts }, more) => {
        expect(decide(make(0.2), facts(maxAttempts - 1))).not.toBe('stop')
        expect(decide(make(0.2), facts(maxAttempts + more))).toBe('stop')
      }),
    )
  })

  test('ER-06 of the library answers a delay that a storage can keep, or stop', () => {
    fc.assert(
      fc.property(arbitraries.policy, arbitraries.facts, (policy, asked) => {
        const said = decide(policy, asked)
        if (said !== 'stop') expect(Number.isSafeInteger(said) && said >= 0 && said <= maxDurationMs).toBe(true)
      }),
    )
  })

  test('its defaults: the same wait, a wait that grows by steps, one that doubles with a fifth of jitter', () => {
    expect(course(fixed())).toEqual([10_000, 10_000, 'stop'])
    expect(course(linear({ maxAttempts: 5 }))).toEqual([10_000, 20_000, 30_000, 40_000, 'stop'])
    expect(course(exponential({ maxAttempts: 5 }))).toEqual([1_000, 2_000, 4_000, 8_000, 'stop'])
    expect(course(exponential(), 0)).toEqual([800, 1_600, 'stop'])
    expect(course(exponential({ jitter: 0 }), 0)).toEqual([1_000, 2_000, 'stop'])
    expect(course(never())).toEqual(['stop'])
    expect(course(exponential({ maxAttempts: 4, delay: '1m', cap: '90s', jitter: 0 }))).toEqual([
      60_000,
      90_000,
      90_000,
      'stop',
    ])
  })

  test('an option that is given as undefined is one that is not given', () => {
    const given = (option: string) => Object.fromEntries([[option, undefined]])
    expect(course(fixed(given('delay')), 0)).toEqual(course(fixed(), 0))
    expect(course(linear(given('cap')), 0)).toEqual(course(linear(), 0))
    expect(course(exponential(given('factor')), 0)).toEqual(course(exponential(), 0))
    expect(course(exponential(given('jitter')), 0)).toEqual(course(exponential(), 0))
  })

  test('M13 the presets are the five older systems: m01 3, dispatcher 3, Pampa 5, Party 6, watchbot 10 executions', () => {
    const lengths = Object.fromEntries(
      Object.entries(retryPresets).map(([name, policy]) => [name, course(policy).length]),
    )
    expect(lengths).toEqual({ m01: 3, dispatcher: 3, pampa: 5, party: 6, watchbot: 10 })
    expect(course(retryPresets.dispatcher)[0]).toBe(0)
    expect(course(retryPresets.watchbot).slice(0, 9)).toEqual(
      [2, 4, 8, 16, 32, 64, 128, 256, 512].map((s) => s * 1_000),
    )
  })
})

describe('a policy that cannot be', () => {
  test.each([
    ['a negative delay', () => fixed({ delay: -1 })],
    ['NaN', () => fixed({ delay: Number.NaN })],
    ['an endless delay', () => linear({ delay: Number.POSITIVE_INFINITY })],
    ['a delay in microseconds', () => exponential({ delay: 1e15 })],
    ['no attempt', () => fixed({ maxAttempts: 0 })],
    ['half an attempt', () => fixed({ maxAttempts: 1.5 })],
    ['endless attempts', () => linear({ maxAttempts: Number.POSITIVE_INFINITY })],
    ['a factor that shrinks', () => exponential({ factor: 0.5 })],
    ['a factor that is not one', () => exponential({ factor: Number.NaN })],
    ['more than whole jitter', () => fixed({ jitter: 1.01 })],
    ['negative jitter', () => fixed({ jitter: -0.1 })],
    ['a misspelt option', () => fixed(Object.fromEntries([['maxAttempt', 3]]))],
    ['no options at all', () => fixed(JSON.parse('null'))],
    ['no function', () => checkPolicy('retry', { maxAttempts: 3 })],
  ])('ER-06 %s is refused when it is made', (_, make) => {
    expect(make).toThrow(TypeError)
    expect(make).toThrow(/^Expected `/)
  })
})

describe('decide', () => {
  const said = (answer: unknown): RetryPolicy => checkPolicy('retry', () => answer)

  test.each([
    [-5, 0],
    [Number.NEGATIVE_INFINITY, 0],
    [0.2, 1],
    [Number.POSITIVE_INFINITY, maxDurationMs],
    [1e300, maxDurationMs],
    ['5m', 300_000],
    ['stop', 'stop'],
  ])('ER-06 an answer of %s becomes %s', (answer, decision) => {
    expect(decide(said(answer), facts(1))).toBe(decision)
  })

  test.each([[Number.NaN], [undefined], [null], ['soon'], [{}], [Promise.resolve(5)], [10n], ['11y'], ['99999d']])(
    'ER-06 an answer of %s is replaced by the default policy, which ends',
    (answer) => {
      expect(course(said(answer))).toEqual([10_000, 10_000, 'stop'])
    },
  )

  test('ER-06 a policy that throws is replaced by the default one', () => {
    const throwing: RetryPolicy = () => {
      throw new Error('x')
    }
    expect(course(throwing)).toEqual([10_000, 10_000, 'stop'])
  })
})
