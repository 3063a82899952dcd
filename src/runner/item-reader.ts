/** Reads back what a task emitted: in order, a page at a time, never all at once. */
import { PieceworkError } from '../core/errors.ts'
import { decode } from '../core/payload.ts'
import { taskOf, taskRow } from '../storage/codec.ts'
import type { Row, Storage } from '../storage/storage.ts'
import { itemPrefix } from './item-writer.ts'

/** Rows of items hold some 64 kB each: so many at a time are a few megabytes at most. */
const pageRows = 32

/** The items of a completed task; none for one that is not. @throws PieceworkError `not_found`. */
export async function* readItems(storage: Storage, id: string): AsyncGenerator<unknown, void, undefined> {
  const row = taskRow((await storage.get([id]))[0])
  if (!row) throw new PieceworkError('not_found', `No task has the id ${id}`)
  const task = taskOf(row)
  if (task.state !== 'completed' || !task.items) return
  // Other attempts may have left rows too: only those under the fence of the good one count.
  const prefix = itemPrefix(id, task.items.fence)
  const limit = Math.min(pageRows, storage.traits.batchMax)
  let after: string | null = prefix
  while (after !== null) {
    const page: { rows: Row[]; after: string | null } = await storage.find({ parent: id, after }, limit)
    for (const item of page.rows) {
      if (!item.id.startsWith(prefix)) return
      yield* decode(item.input) as unknown[]
    }
    after = page.after
  }
}
