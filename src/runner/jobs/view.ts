/** A job as its handlers see it: its metadata, and the results of its parts, read as they are asked for. */
import { indexOfPart } from '../../core/part.ts'
import { inputOf, taskOf } from '../../storage/codec.ts'
import { jobOf, jobRow } from '../../storage/job-codec.ts'
import type { Page, Row, Storage } from '../../storage/storage.ts'

/** Results may be large: so many rows at a time are a bounded part of the memory. */
export const pageRows = 100

/** One completed part. */
export interface PartResult<Result = unknown> {
  readonly index: number
  readonly result: Result
}

export class JobView {
  readonly row: Row
  /** Which of this process's looks at jobs it is from; one that has no number is of its own attempt alone. */
  readonly look: number
  readonly #storage: Storage

  constructor(row: Row, storage: Storage, look = Number.POSITIVE_INFINITY) {
    this.row = row
    this.look = look
    this.#storage = storage
  }

  get id(): string {
    return this.row.id
  }

  /** The handler's own copy. */
  get metadata(): unknown {
    return inputOf(this.row)
  }

  /** Whether its parts are still wanted. */
  get isOpen(): boolean {
    return this.row.state === 'open' || this.row.state === 'mapping'
  }

  get total(): number {
    const job = jobOf(this.row)
    return ('total' in job ? job.total : null) ?? 0
  }

  /** The completed parts, in their order. */
  async *parts(): AsyncGenerator<PartResult, void, undefined> {
    for await (const row of rowsOfParts(this.#storage, this.id, ['completed'])) {
      const index = indexOfPart(row.id)
      const task = taskOf(row)
      if (index !== undefined && task.state === 'completed') yield { index, result: task.result }
    }
  }

  async *results(): AsyncGenerator<unknown, void, undefined> {
    for await (const { result } of this.parts()) yield result
  }
}

/** The jobs that claimed parts belong to, by id, as they are at this look. One that is gone is left out. */
export async function viewsOf(storage: Storage, parts: readonly Row[], look: number): Promise<Map<string, JobView>> {
  const ids = [...new Set(parts.flatMap(({ parent }) => (parent === null ? [] : [parent])))]
  if (ids.length === 0) return new Map()
  const rows = (await storage.get(ids)).filter((row) => jobRow(row) !== undefined) as Row[]
  return new Map(rows.map((row) => [row.id, new JobView(row, storage, look)]))
}

/** The rows of a job's parts in some states, in order, a page at a time. */
export async function* rowsOfParts(
  storage: Storage,
  jobId: string,
  states: readonly string[],
): AsyncGenerator<Row, void, undefined> {
  const limit = Math.min(pageRows, storage.traits.batchMax)
  let after: string | null = ''
  while (after !== null) {
    const page: Page = await storage.find({ parent: jobId, states, after }, limit)
    yield* page.rows
    after = page.after
  }
}
