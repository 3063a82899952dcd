/** Tasks that run again: Party's recurring task, which says itself when that is, each time that it has ended well. */
import { canonicalText } from '../core/canonical.ts'
import { durationMs, type Instant, instant } from '../core/duration.ts'
import { expectOptions } from '../core/expect.ts'
import { definitionName } from '../core/part.ts'
import type { Verdict } from '../core/task.ts'
import type { Placement } from './add-options.ts'
import type { Attempt } from './attempt.ts'
import type { Notifier } from './events.ts'
import { hashOf } from './hash.ts'

/** When the next run is: so many minutes from now, or at an instant. */
export type NextRun = { readonly minutes: number } | { readonly at: Date | Instant }

/** What `onComplete` is given. */
export interface Completion<Input = unknown, Result = unknown> {
  readonly id: string
  /** As the handler was given it. */
  readonly input: Input
  readonly result: Result
  /** When this run was meant to be: `at: runAt + period` does not drift. */
  readonly runAt: Instant
  /** When the one before ended well; `undefined` at the first. */
  readonly lastRunAt: Instant | undefined
  /**
   * The last call counts. `false`: the instant is past, and the task will not run again unless another one is given.
   * @throws TypeError on what is no instant.
   */
  readonly scheduleNextRun: (next: NextRun) => boolean
}

type Good = Extract<Verdict, { readonly kind: 'good' }>

/** The longest key that is the input itself, which a person can read. */
const maxReadableKey = 200
const minuteMs = 60_000

/** An execution of a dispatch is done when it is done, whatever its task is otherwise. */
export function recurs({ settings, row }: Attempt): boolean {
  return settings.onComplete !== undefined && row.parent === null
}

/** Asks for the next run. Where none is set, or one that is past, the task is completed: nothing runs for ever by mistake. */
export async function complete(
  attempt: Attempt,
  verdict: Good,
  context: { readonly input: unknown },
  { notifier, now }: { readonly notifier: Notifier; readonly now: () => Instant },
): Promise<Verdict> {
  const { id, name, runAt, lastRunAt } = attempt.task
  let nextRunAt: Instant | undefined
  let refused: Instant | undefined
  let isOver = false
  const scheduleNextRun = (next: NextRun): boolean => {
    if (isOver) throw new TypeError('Expected `scheduleNextRun` to be called before `onComplete` has ended')
    const at = instantOf(next, now())
    const isPast = at <= now()
    nextRunAt = isPast ? undefined : at
    refused = isPast ? at : undefined
    return !isPast
  }
  try {
    await attempt.settings.onComplete?.({
      id,
      // Read from the row when it is asked for.
      get input() {
        return context.input as never
      },
      result: verdict.result as never,
      runAt,
      lastRunAt,
      scheduleNextRun,
    })
  } catch (error) {
    return { kind: 'bad', error }
  } finally {
    isOver = true
  }
  if (refused !== undefined) {
    const when = new Date(refused).toISOString()
    notifier.warn(`Task ${id} (${definitionName(name)}) will not run again: ${when}, its next run, is past`)
  }
  if (nextRunAt === undefined) return verdict
  attempt.result = verdict.result
  return { ...verdict, nextRunAt }
}

/** @throws TypeError on a key beside: the input is the key. */
export function onlyOne(placement: Placement, input: unknown): Placement {
  if (placement.key !== undefined) {
    throw new TypeError('Expected no `key` for a recurring task, of which there is one for each input')
  }
  const text = input === undefined ? 'undefined' : canonicalText(input)
  return { ...placement, key: text.length <= maxReadableKey ? text : hashOf(text) }
}

function instantOf(next: NextRun, now: Instant): Instant {
  const { minutes, at } = expectOptions('next', next as { minutes?: number; at?: Date | Instant }, ['minutes', 'at'])
  if ((minutes === undefined) === (at === undefined)) {
    throw new TypeError('Expected either `minutes` or `at` for the next run')
  }
  if (at !== undefined) return instant('at', at)
  // A second at least, as for a schedule: a run that follows at once is a loop.
  return now + durationMs('minutes', typeof minutes === 'number' ? minutes * minuteMs : Number.NaN, 1_000)
}
