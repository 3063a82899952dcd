/** Arbitraries for properties of retry behaviour. fast-check is given, so that nobody downloads it who does not use it. */
import type * as FastCheck from 'fast-check'
import type { AttemptFacts, RetryPolicy } from '../core/retry.ts'
import { exponential, fixed, linear, never } from '../core/retry.ts'

export interface RetryArbitraries {
  /** The policies of the library with options of all sizes. */
  readonly policy: FastCheck.Arbitrary<RetryPolicy>
  /** Facts of a failed attempt: the first to the hundredth, any jitter. */
  readonly facts: FastCheck.Arbitrary<AttemptFacts>
  /** How each attempt of a task goes: resolves, throws, throws a FatalError, snoozes, or kills its process. */
  readonly course: FastCheck.Arbitrary<('good' | 'bad' | 'fatal' | 'snooze' | 'crash')[]>
}

/** `retryArbitraries(fc)`, with the fast-check that the app has. */
export function retryArbitraries(fc: typeof FastCheck.default): RetryArbitraries {
  const maxAttempts = fc.integer({ min: 1, max: 20 })
  const jitter = fc.double({ min: 0, max: 1, noNaN: true })
  const delay = fc.integer({ min: 0, max: 10_000_000 })
  const cap = fc.integer({ min: 0, max: 100_000_000 })
  const factor = fc.double({ min: 1, max: 100, noNaN: true })
  return {
    policy: fc.oneof(
      fc.record({ maxAttempts, jitter, delay }).map(fixed),
      fc.record({ maxAttempts, jitter, delay, cap }).map(linear),
      fc.record({ maxAttempts, jitter, delay, cap, factor }).map(exponential),
      fc.constant(never()),
    ),
    facts: fc.record({
      attempt: fc.integer({ min: 1, max: 100 }),
      error: fc.record({ name: fc.string(), message: fc.string() }),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }).map((number) => () => number),
    }),
    course: fc.array(fc.constantFrom('good', 'bad', 'fatal', 'snooze', 'crash'), { minLength: 1, maxLength: 30 }),
  }
}
