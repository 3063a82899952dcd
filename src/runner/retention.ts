/** How long what is done is kept before a cleanup may take it: one time for all, or one for each state. */
import { type Duration, durationMs } from '../core/duration.ts'
import { expected, expectOptions } from '../core/expect.ts'
import type { DoneState } from './purge.ts'

/** One time for whatever is done, or one for each state; a state that is left out goes by the cleanup's `olderThan`. */
export type Retention = Duration | Readonly<Partial<Record<DoneState, Duration>>>

/** In milliseconds, by state. */
export type RetentionMs = Readonly<Partial<Record<DoneState, number>>>

export const doneStates: readonly DoneState[] = ['completed', 'failed', 'cancelled']

/** @throws TypeError naming the option. */
export function checkRetention(value: Retention | undefined): RetentionMs | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' || typeof value === 'string') {
    const ms = durationMs('retention', value)
    return { completed: ms, failed: ms, cancelled: ms }
  }
  if (typeof value !== 'object' || value === null) {
    throw expected('retention', `a duration, or one for each of ${doneStates.join(', ')}`, value)
  }
  expectOptions('retention', value, doneStates)
  const given = doneStates.filter((state) => value[state] !== undefined)
  return Object.fromEntries(given.map((state) => [state, durationMs(`retention.${state}`, value[state])]))
}
