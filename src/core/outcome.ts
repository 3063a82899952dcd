/** How an attempt ended, and the check that says whether that is good. */
import { expected, expectInteger, expectOptions } from './expect.ts'

/** How an attempt ended, as a success check sees it. */
export interface Outcome<Result = unknown> {
  /** `finished`: the handler resolved. `failed`: it threw. `timed_out`: it ran over its time. */
  readonly reason: 'finished' | 'failed' | 'timed_out'
  /** What the handler resolved with; `undefined` unless finished. */
  readonly result: Result | undefined
  /** How many items it emitted. */
  readonly itemCount: number
  /** How many lines it logged through `log.error`. */
  readonly errorCount: number
  /** The first 100 lines that it logged. */
  readonly logs: readonly string[]
  /** How many requests it said that it made. */
  readonly requestCount: number
  /** Those requests, in order, read as they are asked for (dispatcher D15). */
  readonly requests: AsyncIterable<unknown>
}

/** What a check answers: good or not, and, if it likes, why. */
export type CheckAnswer = boolean | { readonly good: boolean; readonly reason?: string }

/**
 * Says whether an attempt that ended was good. It is called however the attempt ended (dispatcher D14); an attempt whose
 * handler did not resolve is bad whatever it answers. A check that throws makes the attempt bad.
 */
export type SuccessCheck<Result = unknown> = (outcome: Outcome<Result>) => CheckAnswer | Promise<CheckAnswer>

/** The answer in one form. @throws TypeError when a check answered neither a boolean nor `{ good }`. */
export function readAnswer(answer: unknown): { good: boolean; reason: string | undefined } {
  if (typeof answer === 'boolean') return { good: answer, reason: undefined }
  if (typeof answer === 'object' && answer !== null && 'good' in answer && typeof answer.good === 'boolean') {
    const reason = 'reason' in answer && typeof answer.reason === 'string' ? answer.reason : undefined
    return { good: answer.good, reason }
  }
  throw expected('check', 'a function that answers true, false or { good, reason }', answer)
}

/**
 * The dispatcher's own check (D16), in its order: bad unless the attempt finished, bad without items, bad with few items
 * and more than one error, else good.
 */
export function itemsCheck(options: { readonly minimumExpectedItems?: number } = {}): SuccessCheck {
  expectOptions('itemsCheck', options, ['minimumExpectedItems'])
  const { minimumExpectedItems: minimum = 100 } = options
  expectInteger('minimumExpectedItems', minimum, 0)
  return ({ reason, itemCount, errorCount }) => {
    if (reason !== 'finished') return { good: false, reason: `it ended as ${reason}` }
    if (itemCount === 0) return { good: false, reason: 'it emitted no items' }
    if (itemCount <= minimum && errorCount > 1) {
      return { good: false, reason: `only ${itemCount} items and ${errorCount} errors` }
    }
    return true
  }
}
