/** The adapter's only timers: what bounds a call, and what waits before something is tried again. */

/**
 * Runs `body`, and rejects once the time is over, whether or not `body` ever ends. Its signal ends what the driver waits
 * for; a driver that does not know the signal is left behind.
 */
export async function limited<T>(limitMs: number, body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`MongoDB did not answer within ${limitMs} ms`)
      reject(error)
      controller.abort(error)
    }, limitMs)
  })
  try {
    return await Promise.race([body(controller.signal), late])
  } finally {
    clearTimeout(timer)
  }
}

export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs)
  })
}

/** As {@link pause}, but it keeps no process alive. */
export function idle(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs).unref()
  })
}

/** This process's clock; only {@link file://./doctor.ts} asks, to compare it with the server's. */
export function localNow(): number {
  return Date.now()
}
