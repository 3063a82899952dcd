/** Rows by id, and what belongs to them: every read here sees every acknowledged write. */
import type { Row } from '../../src/storage/index.ts'
import { type Item, textIn } from './attributes.ts'
import type { Database } from './database.ts'
import { inputsOf } from './inputs.ts'
import { isRow, rowOf } from './item.ts'
import { idAt, lockKey, rowKey } from './layout.ts'

/** How often a row is read again whose input was gone: it was removed, and perhaps inserted anew, in between. */
const ROUNDS_MAX = 3

export async function getRows(db: Database, ids: readonly string[]): Promise<(Row | undefined)[]> {
  const found = new Map<string, Row>()
  let missing = [...new Set(ids)]
  for (let round = 0; round < ROUNDS_MAX && missing.length > 0; round++) {
    const items = (await db.getAll(missing.map(rowKey))).filter(isRow)
    const rows = await completed(db, items)
    for (const row of rows) if (row !== undefined) found.set(row.id, row)
    missing = items.flatMap((item, at) => (rows[at] === undefined ? [textIn(item, 'id') ?? ''] : []))
  }
  return ids.map((id) => {
    const row = found.get(id)
    // A row of its own for each place, should an id be asked for twice.
    return row && { ...row }
  })
}

/** The rows of items; `undefined` where the input is gone, as it is when the row was removed after it was read. */
export async function completed(db: Database, items: readonly Item[]): Promise<(Row | undefined)[]> {
  const inputs = await inputsOf(db, items)
  return items.map((item) => {
    const input = item.input?.S ?? inputs.get(textIn(item, 'id') ?? '')
    return input === undefined ? undefined : rowOf(item, input)
  })
}

/** The row that holds the key. A lock whose owner has let go of it is nobody's. */
export async function rowWithKey(db: Database, key: string): Promise<Row | undefined> {
  let seen: string | null | undefined
  for (;;) {
    const lock = await db.get(lockKey(key))
    if (lock === undefined) return undefined
    const owner = textIn(lock, 'owner') ?? ''
    const [row] = await getRows(db, [owner])
    if (row?.key === key) return row
    // Else the key went from hand to hand between the two reads: the next owner is looked for.
    const mark = textIn(lock, 'mark')
    if (mark === seen) return undefined
    seen = mark
  }
}

/** The id of the row that lies at the key of an index entry. */
export function idOf(entry: Item): string {
  return idAt({ pk: textIn(entry, 'pk') ?? '', sk: textIn(entry, 'sk') ?? '' })
}
