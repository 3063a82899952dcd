/** A clock that moves only when it is told to: tests of an hour's retries end at once and never flake. */
import { type Duration, durationMs, type Instant, instant } from '../core/duration.ts'
import { type Clock, systemClock } from '../runner/clock.ts'

export interface ManualClock extends Clock {
  /**
   * Moves time on, calling back whatever becomes due on the way, and lets the work that follows settle. A started worker
   * polls and beats about once a second of it: an hour costs some 0.2 s, so tick in minutes where a minute will do.
   */
  tick(duration: Duration): Promise<void>
  /** Lets everything settle that can go on without time passing. */
  settle(): Promise<void>
  /** Steps the wall clock alone, as a person or a time server does; the monotonic clock goes on as before. */
  step(ms: number): void
}

interface Timer {
  readonly at: number
  readonly order: number
  readonly callback: () => void
}

// Each turn lets one batch through: add, claim, run, settle. A few more than the longest chain needs.
const turns = 8

/**
 * Give it to `piecework({ clock })`, together with `memory()`: a storage that others share tells its own time, which does
 * not stand still. Starts at `startAt`.
 * @default 2026-01-01T00:00:00Z
 */
export function manualClock(startAt: Date | Instant = 1_767_225_600_000): ManualClock {
  // What the wall clock says when the monotonic one says 0. Both are whole milliseconds, so that no sum is a bit off.
  let base = instant('startAt', startAt)
  let monotonic = 0
  let order = 0
  const timers = new Set<Timer>()

  const settle = async () => {
    for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => systemClock.soon(resolve))
  }
  const firstDue = (end: number): Timer | undefined => {
    let first: Timer | undefined
    for (const timer of timers) {
      if (timer.at > end) continue
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer
    }
    return first
  }

  return {
    now: () => base + monotonic,
    monotonic: () => monotonic,
    soon: systemClock.soon,
    after(delayMs, callback) {
      const timer = { at: monotonic + Math.max(0, Math.ceil(delayMs)), order: order++, callback }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    settle,
    step(ms) {
      base += ms
    },
    async tick(duration) {
      const end = monotonic + durationMs('duration', duration)
      await settle()
      for (let timer = firstDue(end); timer; timer = firstDue(end)) {
        timers.delete(timer)
        monotonic = Math.max(monotonic, timer.at)
        timer.callback()
        await settle()
      }
      monotonic = Math.max(monotonic, end)
    },
  }
}
