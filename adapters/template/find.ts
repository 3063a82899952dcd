/** find and count: reads over indexes, filtered and put in order. */
import type { Count, CountBy, FindBy, Page, Row } from 'piecework/storage'
import type { Fields, Value } from './database/engine.ts'
import { rowOf, storedIn, type Tables } from './tables.ts'

/** How many records one read of an index asks for, where the number of rows in it is not known. */
const READ_MAX = 100

/**
 * REPLACE the reads; each needs an index: `key` by the lock or a unique index, `parent` on (parent, id), `names` on
 * (name, id), `doneBefore` on (doneAt, id), `claimedBy` on what a claim reads. By parent and by key MUST see every acknowledged write: on a replica or an
 * index that lags read the primary. The others may miss a row for `traits.lagMs`; a row that they give MUST be read
 * anew by its id, so that it is as it is now.
 */
export async function find(tables: Tables, by: FindBy, limit: number): Promise<Page> {
  if ('key' in by) return findByKey(tables, by.key)
  if ('doneBefore' in by) return findDone(tables, by, limit)
  if ('claimedBy' in by) return findClaimed(tables, by, limit)
  const wheres: Fields[] = 'parent' in by ? [{ parent: by.parent }] : by.names.map((name) => ({ name }))
  return findInOrder(tables, wheres, by, limit)
}

/** The lock says who may hold the key, the row says whether it does. */
async function findByKey({ client, rows, locks }: Tables, key: string): Promise<Page> {
  const owner = (await client.get(locks, key))?.fields.owner
  const stored = typeof owner === 'string' ? storedIn(await client.get(rows, owner)) : undefined
  return { rows: stored?.row.key === key ? [stored.row] : [], after: null }
}

/**
 * One page by id. It reads `limit` rows of each index and looks at the states afterwards: a page may be short or empty
 * without being the last, as long as `after` tells how far it has looked. Pages go by id, never by position: rows may be
 * removed between two pages.
 */
async function findInOrder(
  { client, rows }: Tables,
  wheres: readonly Fields[],
  { states, after }: { readonly states?: readonly string[]; readonly after?: string },
  limit: number,
): Promise<Page> {
  const query = { order: ['id'], ...(after !== undefined && { after: [after] }), limit }
  const read = await Promise.all(wheres.map((where) => client.range(rows, { where, ...query })))
  const found = read.flat().map(({ fields }) => rowOf(fields))
  const page = found.sort((one, other) => (one.id < other.id ? -1 : 1)).slice(0, limit)
  // Less than a full page means that every index was read to its end.
  const last = page.length === limit ? page[limit - 1] : undefined
  return { rows: page.filter((row) => isIn(states, row.state)), after: last?.id ?? null }
}

/** `after` is null here: the caller removes what it gets and asks again. So a page MUST NOT be empty before the end. */
async function findDone(
  tables: Tables,
  { doneBefore, names, states }: Extract<FindBy, { doneBefore: number }>,
  limit: number,
): Promise<Page> {
  const found: Row[] = []
  for await (const row of all(tables, {}, ['doneAt', 'id'], doneBefore - 1)) {
    if (!isIn(names, row.name) || !isIn(states, row.state)) continue
    found.push(row)
    if (found.length === limit) break
  }
  return { rows: found, after: null }
}

/** What is left of a claim whose answer was lost: by the index of the claim, where all that it took lies together. */
async function findClaimed(
  tables: Tables,
  { claimedBy, until, names }: Extract<FindBy, { claimedBy: string }>,
  limit: number,
): Promise<Page> {
  const found: Row[] = []
  for (const name of new Set(names)) {
    for (let priority = 0; priority <= 9; priority++) {
      for await (const row of all(tables, { name, priority, wakeAt: until }, ['tries', 'id'])) {
        if (row.holder === claimedBy) found.push(row)
        if (found.length === limit) return { rows: found, after: null }
      }
    }
  }
  return { rows: found, after: null }
}

/** Counts by reading, which is slow and right. MUST stop at `upTo`: an operator's question must not read a million rows. */
export async function count(tables: Tables, by: CountBy): Promise<Count> {
  const counts = new Map<string, Map<string, number>>()
  let counted = 0
  const names = 'names' in by ? by.names : undefined
  for await (const row of all(tables, 'parent' in by ? { parent: by.parent } : {}, ['id'])) {
    if (counted === by.upTo) break
    if (!isIn(names, row.name) || !isIn(by.states, row.state)) continue
    const states = counts.get(row.name) ?? new Map<string, number>()
    counts.set(row.name, states.set(row.state, (states.get(row.state) ?? 0) + 1))
    counted += 1
  }
  // From entries: `counts['__proto__'] = ...` would set a prototype and count nothing.
  const entries = [...counts].map(([name, states]) => [name, Object.fromEntries(states)] as const)
  return { counts: Object.fromEntries(entries), capped: counted === by.upTo }
}

/** Every row of an index, page by page. */
async function* all(
  { client, rows }: Tables,
  where: Fields,
  order: readonly string[],
  upTo?: number,
): AsyncGenerator<Row> {
  let after: Value[] | undefined
  for (;;) {
    const query = { where, order, limit: READ_MAX, ...(after && { after }), ...(upTo !== undefined && { upTo }) }
    const found = await client.range(rows, query)
    for (const { fields } of found) yield rowOf(fields)
    const last = found.at(-1)
    if (last === undefined || found.length < READ_MAX) return
    after = order.map((field) => last.fields[field] ?? null)
  }
}

/** No list at all allows everything; an empty one nothing. */
function isIn(list: readonly string[] | undefined, word: string): boolean {
  return list === undefined || list.includes(word)
}
