/** The one file of the adapter that waits and draws chance: time limits, pauses between tries. */

/** Ends with `late()`'s error when `work` takes longer; `work` goes on, and its own end is then nobody's matter. */
export function within<T>(work: Promise<T>, limitMs: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), limitMs)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** A pause of half to all of `upToMs`: those who met once do not meet again at the same instant. */
export function pause(upToMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, upToMs * (0.5 + Math.random() / 2))
  })
}

/** Calls `body` once after `delayMs`, and keeps no process alive for it. Returns what calls it off. */
export function later(delayMs: number, body: () => void): () => void {
  const timer = setTimeout(body, delayMs)
  timer.unref()
  return () => clearTimeout(timer)
}

/** This machine's clock, for the look at how far it is from the database's. */
export function machineNow(): number {
  return Date.now()
}
