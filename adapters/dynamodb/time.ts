/** The only file of the adapter that reads a clock or waits. */

/** Milliseconds of a clock that nobody sets: it never jumps. */
export function monotonic(): number {
  return performance.now()
}

/** The machine's wall clock, for telling how far it is off. */
export function wallClock(): number {
  return Date.now()
}

export function delay(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}

/** Runs `body`; after so many milliseconds aborts it and fails, whether or not it listens. */
export function within<T>(limitMs: number, body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new DOMException(`DynamoDB did not answer within ${limitMs} ms`, 'TimeoutError')
      controller.abort(error)
      reject(error)
    }, limitMs)
    body(controller.signal)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}
