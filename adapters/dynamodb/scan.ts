/** Reads the whole table, for what no index answers: counts, and the questions that an option saves the index of. */
import { aliases, type Item } from './attributes.ts'
import type { Database } from './database.ts'
import { isRow } from './item.ts'
import { idOf } from './read.ts'

/** What is looked at; it saves the way over the network, not the price. */
const LOOKED_AT = '#pk, #sk, #id, #mark, #name, #state, #claimed, #doneAt'

/** Every row, as far as it is looked at, in no order. It may miss what was written within the last second. */
export async function* everyRow(db: Database): AsyncGenerator<Item> {
  let start: Item | undefined
  do {
    const part = await db.scan({
      ProjectionExpression: LOOKED_AT,
      ...aliases(LOOKED_AT),
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    })
    for (const item of part.items) if (isRow(item)) yield item
    start = part.next
  } while (start !== undefined)
}

/** The ids of the first rows that fit, in this order: as many as wanted are kept while all are read. */
export async function firstRows(
  db: Database,
  most: number,
  { fits, order }: { readonly fits: (item: Item) => boolean; readonly order: (item: Item) => string },
): Promise<string[]> {
  let kept: { readonly place: string; readonly id: string }[] = []
  const cut = () => {
    kept.sort((one, other) => (one.place < other.place ? -1 : 1))
    kept = kept.slice(0, most)
  }
  for await (const item of everyRow(db)) {
    if (!fits(item)) continue
    kept.push({ place: order(item), id: idOf(item) })
    if (kept.length >= 10 * most) cut()
  }
  cut()
  return kept.map(({ id }) => id)
}
