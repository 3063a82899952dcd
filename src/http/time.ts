/** The only timers and the only clock of this folder: a beat, an end to patience, and what time it is for a status. */

/** Calls back again and again, and keeps no process alive; returns what ends it. */
export function every(ms: number, callback: () => void): () => void {
  const timer = setInterval(callback, Math.min(ms, 2 ** 31 - 1)).unref()
  return () => clearInterval(timer)
}

/** Resolves when the promise is settled, or after so many milliseconds. */
export async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.min(ms, 2 ** 31 - 1))
  })
  await Promise.race([promise.catch(() => {}), late])
  clearTimeout(timer)
}

/** As ISO 8601. */
export function nowText(): string {
  return new Date().toISOString()
}
