/** Moves jobs: reads the row, decides, compares and swaps; again where others were first. */
import type { FailedJob, Job } from '../../core/job.ts'
import { definitionName } from '../../core/part.ts'
import { jobOf, jobRow, nextJobRow } from '../../storage/job-codec.ts'
import type { Row } from '../../storage/storage.ts'
import type { Engine } from '../engine.ts'

/** Losing so often in a row means that something else is wrong; the job is asked again when it wakes. */
const maxRounds = 20

export class JobMoves {
  readonly #engine: Engine
  readonly #moved: (job: Job, wakeAt: number | null) => void

  /** `moved` is called for each move that was stored. */
  constructor(engine: Engine, moved: (job: Job, wakeAt: number | null) => void) {
    this.#engine = engine
    this.#moved = moved
  }

  /** Resolves with whether it was moved. */
  async move(
    jobId: string,
    decide: (job: Job, now: number, row: Row) => Job | undefined | Promise<Job | undefined>,
  ): Promise<boolean> {
    const { storage, time, health } = this.#engine
    return health.answer({ doing: `job ${jobId} was changed`, ids: [jobId] }, async () => {
      for (let round = 0; round < maxRounds; round++) {
        const row = jobRow((await storage.get([jobId]))[0])
        if (!row) return false
        const next = await decide(jobOf(row), time.now(), row)
        if (!next) return false
        if (await this.store(row, next)) return true
      }
      return false
    })
  }

  /** The job as it is to be, if its row is still as it was seen. */
  async store(row: Row, job: Job): Promise<boolean> {
    const { storage, notifier, newHolder } = this.#engine
    const next = nextJobRow(job, row, newHolder())
    const [result] = await storage.apply([{ row, next }])
    if (result !== 'applied') return false
    this.#moved(job, next.wakeAt)
    if (job.state === 'failed') notifier.tell('failed', () => failedEvent(job))
    if (job.state === 'cancelled') notifier.tell('cancelled', () => ({ id: job.id, name: definitionName(job.name) }))
    return true
  }
}

function failedEvent({ id, name, failure }: FailedJob) {
  const error = { ...failure.error, attempt: 0 }
  return { id, name, attempt: 0, reason: 'exhausted' as const, error }
}
