/**
 * One part of each job that is known to be open. "Is any part still open?" is answered by a look at that one alone, and
 * only when it is done by a look for the next: a job costs as many looks as it has parts, not their square.
 */
import { openStates } from '../../core/part.ts'
import type { Storage } from '../../storage/storage.ts'
import { firstOpen } from './look.ts'

/** More jobs at once are hardly in one process; beyond it, what is known is forgotten and found again. */
const maxKnown = 10_000

/** The ids of parts that are done, by job. */
type EndedIds = ReadonlyMap<string, { readonly ids: ReadonlySet<string> }>

export class OpenParts {
  readonly #storage: Storage
  readonly #known = new Map<string, string>()

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** Resolves with the jobs that seem to have none left that is open. */
  async noneOf(ended: EndedIds): Promise<string[]> {
    if (this.#known.size > maxKnown) this.#known.clear()
    const open = await this.#stillOpen(ended)
    const none: string[] = []
    for (const jobId of ended.keys()) {
      if (open.has(jobId)) continue
      const next = await firstOpen(this.#storage, jobId, this.#known.get(jobId) ?? '')
      if (next === undefined) {
        this.#known.delete(jobId)
        none.push(jobId)
      } else {
        this.#known.set(jobId, next)
      }
    }
    return none
  }

  async #stillOpen(ended: EndedIds): Promise<Set<string>> {
    const asked = [...ended].flatMap(([jobId, { ids }]) => {
      const known = this.#known.get(jobId)
      return known === undefined || ids.has(known) ? [] : [{ jobId, known }]
    })
    if (asked.length === 0) return new Set()
    const rows = await this.#storage.get(asked.map(({ known }) => known))
    const open = asked.filter((_, index) => openStates.includes(rows[index]?.state ?? ''))
    return new Set(open.map(({ jobId }) => jobId))
  }
}
