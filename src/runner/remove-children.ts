/** Removes what belongs to a row: the items of a task; the parts of a job, with their items. */
import { taskRow } from '../storage/codec.ts'
import type { Page, Storage } from '../storage/storage.ts'
import { slices } from './slices.ts'

/** For how many parts at once their items are looked for. */
const childrenAtOnce = 20

/**
 * Items go before the task they belong to, and parts before their job: after a crash in between, what they belong to is
 * still there to be purged again.
 *
 * @param newest of items, the newest fence: those of a later task of this id stay.
 */
export async function removeChildren(
  storage: Storage,
  parent: string,
  newest = Number.POSITIVE_INFINITY,
): Promise<void> {
  let after: string | null = ''
  while (after !== null) {
    const page: Page = await storage.find({ parent, after }, storage.traits.batchMax)
    const rows = page.rows.filter(({ rev }) => rev <= newest)
    // Of parts, their items; items have no children.
    const parents = rows.filter((row) => taskRow(row) !== undefined)
    for (const batch of slices(parents, childrenAtOnce)) {
      await Promise.all(batch.map((row) => removeChildren(storage, row.id)))
    }
    await storage.apply(rows.map((row) => ({ row, next: null })))
    after = page.after
  }
}
