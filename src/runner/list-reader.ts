/** Reads back what an attempt listed: in order, a page at a time, never all at once. */
import { PieceworkError } from '../core/errors.ts'
import { decode } from '../core/payload.ts'
import { taskOf, taskRow } from '../storage/codec.ts'
import { jobRow } from '../storage/job-codec.ts'
import type { Row, Storage } from '../storage/storage.ts'
import { rowsOfParts } from './jobs/view.ts'
import { type ListKind, listPrefix } from './list-writer.ts'

/** Rows of lists hold some 64 kB each: so many at a time are a few megabytes at most. */
const pageRows = 32

/**
 * The items of a completed task, or of the completed parts of a job, in the order of the parts.
 * @throws PieceworkError `not_found`.
 */
export async function* readItems(storage: Storage, id: string): AsyncGenerator<unknown, void, undefined> {
  const [row] = await storage.get([id])
  if (!row || !(taskRow(row) || jobRow(row))) throw new PieceworkError('not_found', `No task or job has the id ${id}`)
  yield* itemsOf(storage, row)
}

/** The items of a task, or of a job. */
export async function* itemsOf(storage: Storage, row: Row): AsyncGenerator<unknown, void, undefined> {
  if (!jobRow(row)) yield* readListOfTask(storage, row, 'item')
  else
    for await (const part of rowsOfParts(storage, row.id, ['completed'])) yield* readListOfTask(storage, part, 'item')
}

/** What a completed task listed; nothing for one that is not completed. */
async function* readListOfTask(storage: Storage, row: Row, kind: ListKind): AsyncGenerator<unknown, void, undefined> {
  const task = taskOf(row)
  // Other attempts may have left rows too: only those under the fence of the good one count.
  if (task.state === 'completed' && task.items) yield* readListOf(storage, row.id, task.items.fence, kind)
}

/** What one attempt listed. */
export async function* readListOf(
  storage: Storage,
  id: string,
  fence: number,
  kind: ListKind,
): AsyncGenerator<unknown, void, undefined> {
  const prefix = listPrefix(id, fence, kind)
  const limit = Math.min(pageRows, storage.traits.batchMax)
  let after: string | null = prefix
  while (after !== null) {
    const page: { rows: Row[]; after: string | null } = await storage.find({ parent: id, after }, limit)
    for (const { id: rowId, input } of page.rows) {
      if (!rowId.startsWith(prefix)) return
      yield* decode(input) as unknown[]
    }
    after = page.after
  }
}
