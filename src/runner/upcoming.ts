/** Which task of a definition is next. */
import type { Page, Row, Storage } from '../storage/storage.ts'

/** A status must answer soon, however many wait: beyond so many rows nobody looks. */
const mostRows = 2_000

/** A row may hold a large input. */
const pageRows = 200

/**
 * The id of the waiting task that is due first (Party's order: time, attempts, age), of those that were added first: the
 * storage lists by id.
 */
export async function upcoming(storage: Storage, name: string): Promise<string | undefined> {
  let first: Row | undefined
  let seen = 0
  let after: string | null = ''
  while (after !== null && seen < mostRows) {
    const limit = Math.min(pageRows, storage.traits.batchMax)
    const page: Page = await storage.find({ names: [name], states: ['waiting'], after }, limit)
    for (const row of page.rows) if (row.parent === null && (!first || isBefore(row, first))) first = row
    seen += limit
    after = page.after
  }
  return first?.id
}

/** Rows come in the order of their ids, so a tie goes to the older. */
function isBefore(row: Row, other: Row): boolean {
  const by = (row.wakeAt ?? 0) - (other.wakeAt ?? 0) || row.tries - other.tries
  return by < 0
}
