/** Large inputs: items of their own, written before the row that points to them and removed after it. */
import type { Row } from '../../src/storage/index.ts'
import { type Item, keyItem, number, text, textIn, update } from './attributes.ts'
import type { Database } from './database.ts'
import { inputKey } from './layout.ts'

/** Time to live comes days late, to each item for itself: the input has to outlive the row that points to it. */
const LATER_SECONDS = 30 * 86_400

/** The mark makes the place unique: what another insert of this id wrote, or left behind as it died, is elsewhere. */
export async function putInput(db: Database, { id, input }: Row, mark: string): Promise<void> {
  await db.put({ ...keyItem(inputKey(id, mark)), input: text(input) })
}

/** What stays behind when this fails is garbage, but in nobody's way. */
export async function dropInput(db: Database, id: string, mark: string | null): Promise<void> {
  if (mark !== null) await db.remove(inputKey(id, mark)).catch(() => {})
}

/** Lets the input expire some time after its row, or (`undefined`) no longer. */
export async function expireInput(
  db: Database,
  id: string,
  mark: string | null,
  expires: number | undefined,
): Promise<void> {
  if (mark === null) return
  const at = expires === undefined ? undefined : number(expires + LATER_SECONDS)
  await db.update(inputKey(id, mark), update({ expires: at }, 'attribute_exists(#pk)', {}))
}

/** The inputs of those rows that have theirs elsewhere, by the id of the row. */
export async function inputsOf(db: Database, items: readonly Item[]): Promise<Map<string, string>> {
  const pointing = items.filter((item) => item.input === undefined)
  if (pointing.length === 0) return new Map()
  const keys = pointing.map((item) => inputKey(textIn(item, 'id') ?? '', textIn(item, 'mark') ?? ''))
  const found = await db.getAll(keys)
  return new Map(found.map((item) => [(textIn(item, 'pk') ?? '').slice(2), textIn(item, 'input') ?? '']))
}
