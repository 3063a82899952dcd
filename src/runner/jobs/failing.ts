/** Jobs that are about to fail here: none of their parts begins in this process until that is stored. */
import type { Attempt } from '../attempt.ts'

export class Failing {
  /** The attempt whose error fails its job, by the job's id. */
  readonly #attempts = new Map<string, Attempt>()

  /** A part's attempt ended with an error of `failOn`. */
  note(attempt: Attempt): void {
    if (attempt.job) this.#attempts.set(attempt.job.id, attempt)
  }

  /** Whether the attempt is at a part of such a job. */
  has(attempt: Attempt): boolean {
    return this.#attempts.size > 0 && attempt.job !== undefined && this.#attempts.has(attempt.job.id)
  }

  /** What became of the attempt is stored, or lost. */
  forget(attempt: Attempt): void {
    if (attempt.job && this.#attempts.get(attempt.job.id) === attempt) this.#attempts.delete(attempt.job.id)
  }
}
