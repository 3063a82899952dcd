/** Copies what is done, with all that lies under it, to the archive. Two writes, each of which may be made again. */
import { archivedChild, archivedRow } from '../../storage/archive-codec.ts'
import { taskRow } from '../../storage/codec.ts'
import type { Page, Row, Storage } from '../../storage/storage.ts'

/** What lies under a row comes first: a row of the archive is whole. */
export async function archive(storage: Storage, rows: readonly Row[]): Promise<void> {
  for (const row of rows) await copyChildren(storage, row.id, row)
  await insertAll(storage, rows.map(archivedRow))
}

/** The items of a task; the parts of a job, with their items. */
async function copyChildren(storage: Storage, parent: string, root: Row): Promise<void> {
  let after: string | null = ''
  while (after !== null) {
    const page: Page = await storage.find({ parent, after }, storage.traits.batchMax)
    for (const row of page.rows) if (taskRow(row)) await copyChildren(storage, row.id, root)
    await insertAll(
      storage,
      page.rows.map((row) => archivedChild(row, root)),
    )
    after = page.after
  }
}

/** One that is there was copied by a cleanup that died before it removed the original. */
async function insertAll(storage: Storage, rows: readonly Row[]): Promise<void> {
  const { batchMax } = storage.traits
  for (let from = 0; from < rows.length; from += batchMax) await storage.insert(rows.slice(from, from + batchMax))
}
