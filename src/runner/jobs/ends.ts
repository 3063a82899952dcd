/** Who waits in this process until a job is over, and is told where it ends here. */
import type { Cancel } from '../clock.ts'

export class Ends {
  readonly #waiting = new Map<string, Set<() => void>>()

  /** Calls `ended` whenever the job may have ended here, until the answer is called. */
  on(jobId: string, ended: () => void): Cancel {
    const waiting = this.#waiting.get(jobId) ?? new Set()
    this.#waiting.set(jobId, waiting)
    // A function of its own for each call: two may pass the same one.
    const one = () => ended()
    waiting.add(one)
    return () => {
      waiting.delete(one)
      if (waiting.size === 0 && this.#waiting.get(jobId) === waiting) this.#waiting.delete(jobId)
    }
  }

  tell(jobId: string): void {
    const waiting = this.#waiting.get(jobId)
    if (waiting) for (const ended of [...waiting]) ended()
  }
}
