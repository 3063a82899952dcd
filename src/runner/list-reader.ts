/** Reads back what an attempt listed: in order, a page at a time, never all at once. */
import { PieceworkError } from '../core/errors.ts'
import { decode } from '../core/payload.ts'
import { taskOf, taskRow } from '../storage/codec.ts'
import type { Row, Storage } from '../storage/storage.ts'
import { type ListKind, listPrefix } from './list-writer.ts'

/** Rows of lists hold some 64 kB each: so many at a time are a few megabytes at most. */
const pageRows = 32

/** What a completed task listed; nothing for one that is not completed. @throws PieceworkError `not_found`. */
export async function* readList(
  storage: Storage,
  id: string,
  kind: ListKind,
): AsyncGenerator<unknown, void, undefined> {
  const row = taskRow((await storage.get([id]))[0])
  if (!row) throw new PieceworkError('not_found', `No task has the id ${id}`)
  const task = taskOf(row)
  // Other attempts may have left rows too: only those under the fence of the good one count.
  if (task.state === 'completed' && task.items) yield* readListOf(storage, id, task.items.fence, kind)
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
