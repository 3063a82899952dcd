/**
 * When to count the failed parts of a job. To count them after each failure would cost the square of their number where
 * a threshold lets many fail, so what failed here is added up, and they are counted again only once that comes to half of
 * what is still allowed: each count halves what is left at least.
 *
 * Alone, this process never misses the failure that is one too many. What fails in others it learns at its next count: a
 * few more may fail, and the job is judged by all of them before it reduces, and whenever it wakes.
 */
import { jobRow } from '../../storage/job-codec.ts'
import type { Engine } from '../engine.ts'
import { allowedOf, countFailed } from './look.ts'

/** More jobs at once are hardly in one process; beyond it, what is known is forgotten and counted again. */
const maxKnown = 10_000

interface Known {
  /** How many there were at the last count. */
  readonly counted: number
  /** How many failed here since. */
  since: number
}

export class FailedParts {
  readonly #engine: Engine
  readonly #known = new Map<string, Known>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** So many parts of a job failed here: whether those of all processes are known to be more than may fail. */
  async areTooMany(jobId: string, failed: number, threshold: number): Promise<boolean> {
    if (failed === 0) return false
    const known = this.#known.get(jobId)
    if (known) known.since += failed
    const { storage, health } = this.#engine
    return health.few(async () => {
      const row = jobRow((await storage.get([jobId]))[0])
      const allowed = row ? allowedOf(row, threshold) : Number.POSITIVE_INFINITY
      if (allowed === Number.POSITIVE_INFINITY) return false
      if (known && known.since <= (allowed - known.counted) / 2) return false
      const counted = await countFailed(storage, jobId, allowed + 1)
      if (this.#known.size >= maxKnown) this.#known.clear()
      this.#known.set(jobId, { counted, since: 0 })
      return counted > allowed
    })
  }
}
