/** What a purge would remove, without removing it. */
import type { Instant } from '../core/duration.ts'
import { kindOfName } from '../core/part.ts'
import type { Page, Row, Storage } from '../storage/storage.ts'

export interface PurgeBy {
  readonly doneBefore: Instant
  readonly states: readonly string[]
  readonly names?: readonly string[]
}

/** A name that came behind so many rows would be overlooked; nobody has them. */
const countUpTo = 1_000_000_000

/** By names: a storage asked by `doneBefore` begins anew each time, as what it gave is expected to be gone. */
export async function* wouldGo(storage: Storage, by: PurgeBy): AsyncGenerator<Row, void, undefined> {
  const { doneBefore, states } = by
  const names = by.names ?? (await namesIn(storage, states))
  for (let after: string | null = ''; after !== null; ) {
    const page: Page = await storage.find({ names, states, after }, storage.traits.batchMax)
    for (const row of page.rows) if (row.doneAt !== null && row.doneAt < doneBefore) yield row
    after = page.after
  }
}

/** Parts go with their jobs. */
async function namesIn(storage: Storage, states: readonly string[]): Promise<string[]> {
  const { counts } = await storage.count({ states, upTo: countUpTo })
  return Object.keys(counts).filter((name) => kindOfName(name) !== 'parts')
}
