/** The only file that reads time or sets a timer. Everything else is given a Clock, so tests can own it. */

/** Ends what was set; harmless when it has happened already. */
export type Cancel = () => void

/** Time as the runner needs it: what a clock on the wall says, what only goes forward, and being called back. */
export interface Clock {
  /** Epoch milliseconds of this machine. May step. */
  now(): number
  /** Milliseconds that only go forward, from any start. */
  monotonic(): number
  /** Calls back once, after so many milliseconds. Any number is safe. */
  after(delayMs: number, callback: () => void): Cancel
  /** Calls back once what is going on now has had its turn: the moment to do many things as one batch. */
  soon(callback: () => void): void
}

// setTimeout takes 31 bits and fires at once on more; an hour is far below and lets a wall clock's step be noticed.
const maxTimerMs = 3_600_000

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const end = performance.now() + delayMs
    let timer = setTimeout(step, Math.min(delayMs, maxTimerMs))
    function step() {
      const restMs = end - performance.now()
      // A timer may fire a fraction of a millisecond early; that is no reason to go round again.
      // Asked this way round, NaN ends as well.
      if (restMs >= 1) timer = setTimeout(step, Math.min(restMs, maxTimerMs))
      else callback()
    }
    return () => clearTimeout(timer)
  },
  soon: (callback) => void setImmediate(callback),
}

/** Whether the promise was fulfilled within so many milliseconds. Leaves no timer behind. */
export function fulfilledWithin(clock: Clock, delayMs: number, promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(delayMs, () => resolve(false))
    promise.then(
      () => {
        cancel()
        resolve(true)
      },
      (error) => {
        cancel()
        reject(error)
      },
    )
  })
}
