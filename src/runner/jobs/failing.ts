/**
 * Jobs that fail here: none of their parts begins in this process once the error is known. Until that is stored, nobody
 * could tell; and what was claimed before, with a look at its job that is older, may still wait for its turn then.
 */
import type { Attempt } from '../attempt.ts'

/** More jobs hardly fail while one claim is on its way. */
const maxStored = 1_000

export class Failing {
  /** The attempt whose error fails its job, by the job's id. */
  readonly #attempts = new Map<string, Attempt>()

  /** How many looks at jobs had begun when the failure of a job was stored. */
  readonly #stored = new Map<string, number>()
  #looks = 0

  /** To be called when a look at jobs begins; answers its number. */
  look(): number {
    return ++this.#looks
  }

  /** A part's attempt ended with an error of `failOn`. */
  note(attempt: Attempt): void {
    if (attempt.job) this.#attempts.set(attempt.job.id, attempt)
  }

  /** Whether the attempt is at a part of such a job. */
  has({ job }: Attempt): boolean {
    if (!job) return false
    return this.#attempts.has(job.id) || job.look <= (this.#stored.get(job.id) ?? 0)
  }

  /** What became of the attempt is stored, or lost. */
  forget(attempt: Attempt): void {
    const id = attempt.job?.id
    if (id === undefined || this.#attempts.get(id) !== attempt) return
    this.#attempts.delete(id)
    this.#stored.delete(id)
    this.#stored.set(id, this.#looks)
    const [oldest] = this.#stored.keys()
    if (this.#stored.size > maxStored && oldest !== undefined) this.#stored.delete(oldest)
  }
}
