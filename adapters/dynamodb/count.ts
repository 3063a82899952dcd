/** Counts of rows, by name and state: of a parent by a query, of all else by a scan that stops when it has enough. */
import type { Count, CountBy } from '../../src/storage/index.ts'
import { aliases, type Item, text, textIn } from './attributes.ts'
import type { Database } from './database.ts'
import { stateOf } from './item.ts'
import { partKey } from './layout.ts'
import { everyRow } from './scan.ts'

const OF_PARENT = '#pk = :pk AND begins_with(#sk, :part)'
const COUNTED = '#name, #state, #claimed'

export async function count(db: Database, by: CountBy): Promise<Count> {
  const { states, upTo } = by
  const names = 'parent' in by ? undefined : by.names
  const byName = new Map<string, Map<string, number>>()
  let counted = 0
  for await (const item of 'parent' in by ? parts(db, by.parent) : everyRow(db)) {
    const name = textIn(item, 'name') ?? ''
    const state = stateOf(item)
    if (names?.includes(name) === false || states?.includes(state) === false) continue
    const numbers = byName.get(name) ?? new Map<string, number>()
    byName.set(name, numbers.set(state, (numbers.get(state) ?? 0) + 1))
    counted += 1
    if (counted === upTo) break
  }
  // From entries, which makes fields of `__proto__` and `constructor` as of any other name.
  const counts = Object.fromEntries([...byName].map(([name, numbers]) => [name, Object.fromEntries(numbers)]))
  return { counts, capped: counted >= upTo }
}

async function* parts(db: Database, parent: string): AsyncGenerator<Item> {
  let start: Item | undefined
  do {
    const part = await db.query({
      ConsistentRead: true,
      KeyConditionExpression: OF_PARENT,
      ProjectionExpression: COUNTED,
      ...aliases(OF_PARENT, COUNTED),
      ExpressionAttributeValues: { ':pk': text(partKey(parent, '').pk), ':part': text('p#') },
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    })
    yield* part.items
    start = part.next
  } while (start !== undefined)
}
