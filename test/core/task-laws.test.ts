/** Laws of the task machine, over random lives with crashes at every point. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maxErrorRecords } from '../../src/core/error-record.ts'
import { fixed } from '../../src/core/retry.ts'
import { type FailureRules, type Task, taskMoves } from '../../src/core/task.ts'
import { retryArbitraries } from '../../src/testing/arbitraries.ts'
import { anySteps, live, type Moment, type Step, stepsThatBegin } from './history.ts'

const anyLimits = fc.record({ maxAttempts: fc.integer({ min: 1, max: 6 }), maxCrashes: fc.integer({ min: 0, max: 6 }) })

function rulesOf({ maxAttempts, maxCrashes }: { maxAttempts: number; maxCrashes: number }): FailureRules {
  return { retry: fixed({ maxAttempts, delay: 10 }), maxCrashes, random: () => 0.5 }
}

const tireless = fc.constantFrom(
  () => 0,
  () => Number.NaN,
  () => -5,
)

const anyRules: fc.Arbitrary<FailureRules> = fc.record({
  retry: fc.oneof(retryArbitraries(fc).policy, tireless),
  maxCrashes: fc.integer({ min: 0, max: 6 }),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }).map((number) => () => number),
})

/** Storing a task makes it something that nobody may change. */
function frozen<T extends Task>(task: T): T {
  Object.freeze(task.errors)
  Object.freeze(task.logs)
  return Object.freeze(task)
}

/** Holds every moment of random lives to a law. */
function law(steps: fc.Arbitrary<Step[]>, rules: fc.Arbitrary<FailureRules>, check: (moment: Moment) => void): void {
  fc.assert(
    fc.property(steps, rules, fc.boolean(), (lived, rule, hold) => {
      for (const moment of live(lived, rule, hold, frozen)) check(moment)
    }),
    { numRuns: 1_000 },
  )
}

describe('a life', () => {
  test('never moves outside taskMoves, and makes every move of it', () => {
    const seen = new Set<string>()
    law(anySteps, anyRules, ({ before, after, step }) => {
      if (step.does === 'crash') expect(after).toBe(before)
      // A claim is a move of its own, before the look at what was claimed.
      const from = step.does === 'claim' && after.state === 'failed' ? 'running' : before.state
      if (step.does !== 'crash') expect(taskMoves[from]).toHaveProperty(after.state)
      seen.add(`${from} -> ${after.state}`)
    })
    const moves = Object.entries(taskMoves).flatMap(([from, to]) =>
      Object.keys(to).map((state) => `${from} -> ${state}`),
    )
    expect(moves.filter((move) => !seen.has(move))).toEqual([])
  })

  test('P-ATTEMPT attempts are claims less refunds, and never below zero', () => {
    law(anySteps, anyRules, ({ after, books }) => {
      expect(after.attempts).toBe(books.claims - books.refunds)
      expect(after.attempts).toBeGreaterThanOrEqual(0)
      expect(books.refunds).toBeLessThanOrEqual(books.claims)
    })
  })

  test('P-ATTEMPT attempts never pass the limit, where each process that claimed lived to look at its task', () => {
    fc.assert(
      fc.property(stepsThatBegin, anyLimits, (steps, limits) => {
        for (const { after, begun } of live(steps, rulesOf(limits), false, frozen)) {
          expect(after.attempts).toBeLessThanOrEqual(limits.maxAttempts)
          if (begun) expect(begun.attempts).toBeLessThanOrEqual(limits.maxAttempts)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('ER-07 handlers that begin and are not given back never pass the limit, whoever dies when', () => {
    fc.assert(
      fc.property(anySteps, anyLimits, (steps, limits) => {
        let givenBack = 0
        for (const { step, before, books } of live(steps, rulesOf(limits))) {
          if (books.claims === 0) givenBack = 0
          if (step.does === 'settle' && /snoozed|given_back/.test(step.verdict.kind)) givenBack++
          if (step.does === 'skip' && before.state === 'running') givenBack++
          expect(books.starts - givenBack).toBeLessThanOrEqual(limits.maxAttempts)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('the crashes that a claim sees are exactly the claims that left no trace', () => {
    law(anySteps, anyRules, ({ after, begun, books }) => {
      const ended = begun?.state === 'failed'
      const untold = books.claims - books.refunds - books.failures
      if (begun) expect(begun.crashes).toBe(ended ? untold : untold - 1)
      expect(after.crashes).toBeLessThanOrEqual(untold)
      expect(after.failures).toBe(books.failures)
    })
  })

  test('error records are kept, the newest of them, and grow by what was seen', () => {
    law(anySteps, anyRules, ({ before, after, step }) => {
      const added = Math.max(
        0,
        after.errors.findLastIndex((error) => before.errors.includes(error)),
      )
      const news = before.errors.length === 0 ? after.errors : after.errors.slice(added + 1)
      // A settle may bring the crash that its claim saw, and its own failure.
      expect(news.length).toBeLessThanOrEqual(step.does === 'settle' || step.does === 'report' ? 2 : 1)
      expect(after.errors).toEqual([...before.errors, ...news].slice(-maxErrorRecords))
    })
  })

  test('Y3 who it is, its priority and the time it was meant for never change', () => {
    law(anySteps, anyRules, ({ before, after }) => {
      const { id, name, priority, addedAt, runAt } = after
      expect(before).toMatchObject({ id, name, priority, addedAt, runAt })
    })
  })
})

describe('a task that kills its process at every start', () => {
  const poison: Step[] = Array.from(
    { length: 30 },
    () => [{ does: 'claim', dies: false }, { does: 'crash' }] as const,
  ).flat()

  test('P-POISON fails as crashed after a bounded number of starts, whatever its policy says', () => {
    law(fc.constant(poison), anyRules, ({ books }) => expect(books.starts).toBeLessThanOrEqual(7))
    fc.assert(
      fc.property(anyRules, (rules) => {
        const last = [...live(poison, rules, false, frozen)].at(-1)
        expect(last?.after).toMatchObject({ state: 'failed', reason: 'crashed' })
        expect(last?.books.starts).toBeLessThanOrEqual(rules.maxCrashes + 1)
      }),
    )
  })

  test('P-POISON starts exactly as often as the smaller of its two limits allows, and counts them', () => {
    fc.assert(
      fc.property(anyLimits, (limits) => {
        const last = [...live(poison, rulesOf(limits), false, frozen)].at(-1)
        const starts = Math.min(limits.maxAttempts, limits.maxCrashes + 1)
        expect(last?.books.starts).toBe(starts)
        expect(last?.after).toMatchObject({ attempts: starts, crashes: starts, failures: 0 })
        expect(last?.after.errors.at(-1)).toMatchObject({ name: 'CrashedError', attempt: starts })
      }),
    )
  })

  test('P-POISON ends as well when processes die before they look at it', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 20 }), anyRules, (dies, rules) => {
        const steps: Step[] = [...dies.map((dying) => ({ does: 'claim' as const, dies: dying })), ...poison]
        const last = [...live(steps, rules)].at(-1)
        expect(last?.after).toMatchObject({ state: 'failed', reason: 'crashed' })
        expect(last?.books.starts).toBeLessThanOrEqual(rules.maxCrashes + 1)
      }),
    )
  })
})
