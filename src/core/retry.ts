/**
 * Retry policies: what a failed attempt waits for, or that it was the last.
 *
 * A policy is a plain function of facts, so a user's own is as good as these. Those of this file are checked when they
 * are made; what a user's function answers is clamped by {@link decide}.
 */
import { type Duration, durationMs, maxDurationMs } from './duration.ts'
import { expected, expectInteger, expectNumber, expectOptions } from './expect.ts'

/** What a policy knows of the attempt that failed. */
export interface AttemptFacts {
  /** Which attempt failed: 1 for the first execution. */
  readonly attempt: number
  /** What it failed with, as it is recorded. A vanished process is a `CrashedError`. */
  readonly error: { readonly name: string; readonly message: string }
  /** A number from 0 up to 1, drawn afresh at each call; for jitter. */
  readonly random: () => number
}

/**
 * How long to wait before the next attempt, or `'stop'`. One that throws or answers neither is replaced, for that
 * decision, by the default of 3 executions 10 s apart; nobody is told, so test yours.
 */
export type RetryPolicy = (facts: AttemptFacts) => Duration | 'stop'

interface Limited {
  /** The number of executions in all, the first one included. @default 3 */
  readonly maxAttempts?: number
  /** How far a delay may be off, as a share of it: 0.2 means plus or minus 20 %. @default 0 */
  readonly jitter?: number
}

export interface FixedOptions extends Limited {
  /** The wait after every failure. @default '10s' */
  readonly delay?: Duration
}

/** The same wait after every failure. */
export function fixed(options: FixedOptions = {}): RetryPolicy {
  expectOptions('fixed', options, ['maxAttempts', 'jitter', 'delay'])
  const { delay = '10s' } = options
  const delayMs = durationMs('delay', delay)
  return growing(options, maxDurationMs, () => delayMs)
}

export interface LinearOptions extends Limited {
  /** The wait after the first failure, and by how much it grows after each. @default '10s' */
  readonly delay?: Duration
  /** The longest wait, before jitter. @default '1h' */
  readonly cap?: Duration
}

/** A wait that grows by the same step: 10 s, 20 s, 30 s. */
export function linear(options: LinearOptions = {}): RetryPolicy {
  expectOptions('linear', options, ['maxAttempts', 'jitter', 'delay', 'cap'])
  const { delay = '10s', cap = '1h' } = options
  const delayMs = durationMs('delay', delay)
  return growing(options, durationMs('cap', cap), (attempt) => delayMs * attempt)
}

export interface ExponentialOptions extends Limited {
  /** The wait after the first failure. @default '1s' */
  readonly delay?: Duration
  /** By what each wait is multiplied to give the next. @default 2 */
  readonly factor?: number
  /** The longest wait, before jitter. @default '1h' */
  readonly cap?: Duration
  /** How far a delay may be off, as a share of it. @default 0.2 */
  readonly jitter?: number
}

/** A wait that doubles: 1 s, 2 s, 4 s, up to a cap; 20 % of jitter keeps failures that began together apart. */
export function exponential(options: ExponentialOptions = {}): RetryPolicy {
  expectOptions('exponential', options, ['maxAttempts', 'jitter', 'delay', 'factor', 'cap'])
  const { maxAttempts = 3, jitter = 0.2, delay = '1s', factor = 2, cap = '1h' } = options
  const delayMs = durationMs('delay', delay)
  expectNumber('factor', factor, 1, 100)
  // A delay of 0 stays 0: zero times an overflow would be NaN.
  const wait = (attempt: number) => (delayMs === 0 ? 0 : delayMs * factor ** (attempt - 1))
  return growing({ maxAttempts, jitter }, durationMs('cap', cap), wait)
}

/** One execution, never a second. */
export function never(): RetryPolicy {
  return () => 'stop'
}

/** What the five older systems did, by name. m01's is the default of a definition. */
export const retryPresets = {
  m01: fixed({ maxAttempts: 3, delay: '10s' }),
  dispatcher: fixed({ maxAttempts: 3, delay: 0 }),
  pampa: fixed({ maxAttempts: 5, delay: '15m' }),
  party: fixed({ maxAttempts: 6, delay: '10s' }),
  watchbot: exponential({ maxAttempts: 10, delay: '2s', factor: 2, jitter: 0, cap: '512s' }),
} as const satisfies Record<string, RetryPolicy>

/**
 * What the policy says, in milliseconds from 0 to ten years. A policy that throws, or answers no duration, is replaced
 * for this decision by the default one: a broken policy must neither lose the task nor run it for ever.
 */
export function decide(policy: RetryPolicy, facts: AttemptFacts): number | 'stop' {
  const said = answer(policy, facts) ?? answer(retryPresets.m01, facts)
  return said ?? 'stop'
}

function answer(policy: RetryPolicy, facts: AttemptFacts): number | 'stop' | undefined {
  try {
    const said = policy(facts)
    if (said === 'stop') return said
    return typeof said === 'number' && !Number.isNaN(said)
      ? Math.ceil(Math.min(Math.max(said, 0), maxDurationMs))
      : durationMs('delay', said)
  } catch {
    return undefined
  }
}

/** A policy as a definition gives it. What it answers can only be known when it is asked: see {@link decide}. */
export function checkPolicy(option: string, policy: unknown): RetryPolicy {
  const uncalled = [fixed, linear, exponential, never] as readonly unknown[]
  if (typeof policy !== 'function' || uncalled.includes(policy))
    throw expected(option, 'a retry policy such as exponential({ maxAttempts: 5 })', policy)
  return policy as RetryPolicy
}

function growing(options: Limited, capMs: number, waitMs: (attempt: number) => number): RetryPolicy {
  const { maxAttempts = 3, jitter = 0 } = options
  expectInteger('maxAttempts', maxAttempts, 1)
  expectNumber('jitter', jitter, 0, 1)
  return ({ attempt, random }) => {
    if (attempt >= maxAttempts) return 'stop'
    const delayMs = Math.min(waitMs(attempt), capMs)
    return jitter === 0 ? delayMs : delayMs * (1 + jitter * (2 * random() - 1))
  }
}
