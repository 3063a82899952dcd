/**
 * The held parts of jobs, in their order. They are released one after another, so each look goes on where the last one
 * ended: from the beginning, it would walk over all that were released before, for each part of a job anew.
 */
import { isWithoutSlot } from '../../core/slot.ts'
import { taskOf } from '../../storage/codec.ts'
import { runOf } from '../../storage/job-codec.ts'
import type { Page, Row, Storage } from '../../storage/storage.ts'

/** More jobs at once are hardly in one process; beyond it, what is known is forgotten and found again. */
const maxKnown = 10_000

interface Seen {
  readonly run: number
  /** The last held part that somebody was given. */
  readonly id: string
}

export class HeldParts {
  readonly #storage: Storage
  readonly #seen = new Map<string, Seen>()

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /**
   * The next held parts of a job that wait for a slot. One that was left behind comes when no other is left. One of another
   * run is no heir: who wrote it came too late.
   */
  async next(job: Row, count: number): Promise<Row[]> {
    const rows = await this.#look(job, count)
    const last = rows.at(-1)
    if (!last) return rows
    if (this.#seen.size >= maxKnown) this.#seen.clear()
    this.#seen.set(job.id, { run: runOf(job), id: last.id })
    return rows
  }

  /** Whether there is one, which is then still the next. */
  async any(job: Row): Promise<boolean> {
    return (await this.#look(job, 1)).length > 0
  }

  async #look(job: Row, count: number): Promise<Row[]> {
    const seen = this.#seen.get(job.id)
    const behind = seen?.run === runOf(job) ? seen.id : ''
    const rows = await this.#between(job, behind, undefined, count)
    if (rows.length === count || behind === '') return rows
    return [...rows, ...(await this.#between(job, '', behind, count - rows.length))]
  }

  /** Behind one id and, where there is an end, up to another. */
  async #between(job: Row, behind: string, end: string | undefined, count: number): Promise<Row[]> {
    const run = runOf(job)
    const rows: Row[] = []
    let after: string | null = behind
    while (after !== null && rows.length < count) {
      const limit = Math.min(count - rows.length, this.#storage.traits.batchMax)
      const page: Page = await this.#storage.find({ parent: job.id, states: ['held'], after }, limit)
      const fitting = page.rows.filter((row) => isWithoutSlot(taskOf(row).slot, run))
      rows.push(...fitting.filter(({ id }) => end === undefined || id <= end))
      const isPast = end !== undefined && page.after !== null && page.after >= end
      after = isPast ? null : page.after
    }
    return rows
  }
}
