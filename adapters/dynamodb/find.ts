/** Pages of rows. What an index or a scan lists is looked up in the table, and dropped where it no longer fits. */
import type { FindBy, Page, Row } from '../../src/storage/index.ts'
import { aliases, type Item, keyItem, numberIn, text, textIn } from './attributes.ts'
import type { Database } from './database.ts'
import { findClaimed } from './find-claimed.ts'
import { stateOf } from './item.ts'
import { DUE_INDEX, doneEnd, doneGroup, LIST_INDEX, listGroup, partKey } from './layout.ts'
import { merged, type ReadPart } from './merged.ts'
import type { Plan } from './plan.ts'
import { completed, getRows, idOf, rowWithKey } from './read.ts'
import { firstRows } from './scan.ts'

/** How many rows a page is looked for among, where not every row fits. */
const LOOK = 100

/** A query for parts begins with about as many as are wanted, and reads four times as many each time it finds too few. */
const PART_ROUNDS = 4

const OF_PARENT = '#pk = :pk AND begins_with(#sk, :part)'
const DONE_BEFORE = '#due = :group AND #turn < :end'
const LISTED = '#list = :group AND #id > :after'

type ByParent = Extract<FindBy, { parent: string }>
type ByNames = Exclude<Extract<FindBy, { names: readonly string[] }>, { claimedBy: string }>
type ByDone = Extract<FindBy, { doneBefore: number }>

export async function find(db: Database, plan: Plan, by: FindBy, limit: number): Promise<Page> {
  if ('key' in by) {
    const row = await rowWithKey(db, by.key)
    return { rows: row === undefined ? [] : [row], after: null }
  }
  if ('parent' in by) return findParts(db, by, limit)
  if ('claimedBy' in by) return { rows: await findClaimed(db, plan, by, limit), after: null }
  if ('doneBefore' in by) return { rows: await findDone(db, plan, by, limit), after: null }
  return findNamed(db, plan, by, limit)
}

async function findParts(db: Database, { parent, states, after }: ByParent, limit: number): Promise<Page> {
  const start = startOf(parent, after)
  if (start === 'end' || states?.length === 0) return { rows: [], after: null }
  const found: Item[] = []
  let next = start
  let size = states === undefined ? limit : Math.max(limit, 10)
  for (let round = 0; round < PART_ROUNDS && found.length < limit; round++) {
    const part = await db.query({
      ConsistentRead: true,
      KeyConditionExpression: OF_PARENT,
      ...aliases(OF_PARENT),
      ExpressionAttributeValues: { ':pk': text(partKey(parent, '').pk), ':part': text('p#') },
      Limit: size,
      ...(next === undefined ? {} : { ExclusiveStartKey: next }),
    })
    found.push(...part.items.filter((item) => states === undefined || states.includes(stateOf(item))))
    next = part.next
    if (next === undefined) break
    size *= 4
  }
  const kept = found.slice(0, limit)
  const last = kept.at(-1)
  const rows = (await completed(db, kept)).filter((row) => row !== undefined)
  if (found.length > limit && last !== undefined) return { rows, after: idOf(last) }
  return { rows, after: next === undefined ? null : idOf(next) }
}

/** Where a query for the parts behind `after` begins; ids compare as texts, whether or not they are of this parent. */
function startOf(parent: string, after: string | undefined): Item | undefined | 'end' {
  const prefix = `${parent}/`
  if (after === undefined || after <= prefix) return undefined
  return after.startsWith(prefix) ? keyItem(partKey(parent, after.slice(prefix.length))) : 'end'
}

async function findNamed(db: Database, plan: Plan, { names, states, after }: ByNames, limit: number): Promise<Page> {
  if (names.length === 0 || states?.length === 0) return { rows: [], after: null }
  const fits = (row: Row) => names.includes(row.name) && (states === undefined || states.includes(row.state))
  const look = states === undefined ? limit : Math.max(limit, LOOK)
  const listed = plan.listing
    ? await fromList(db, plan, names, after ?? '', look + 1)
    : await firstRows(db, look + 1, {
        fits: (item) => idOf(item) > (after ?? '') && isAmong(item, names, states),
        order: idOf,
      })
  const looked = listed.slice(0, look)
  const rows = (await getRows(db, looked)).filter((row) => row !== undefined).filter(fits)
  const kept = rows.slice(0, limit)
  if (rows.length > limit) return { rows: kept, after: kept.at(-1)?.id ?? null }
  return { rows: kept, after: listed.length > look ? (looked.at(-1) ?? null) : null }
}

/** The first ids of the names behind `after`. */
async function fromList(db: Database, plan: Plan, names: readonly string[], after: string, most: number) {
  const groups = [...new Set(names)].flatMap((name) => shardsOf(plan).map((shard) => listGroup(name, shard)))
  // A key that is compared with must not be empty; every id comes behind this one.
  const values = { ':after': text(after === '' ? '\u001f' : after) }
  const reads = groups.map((group) => pageReader(db, LIST_INDEX.name, LISTED, group, values, most))
  const ids: string[] = []
  for await (const entry of merged(reads, idOf, () => true)) {
    ids.push(idOf(entry))
    if (ids.length === most) break
  }
  return ids
}

/** Goes on until the page is full or nothing is left: an empty page would tell the sweeper that he is done. */
async function findDone(db: Database, plan: Plan, by: ByDone, limit: number): Promise<Row[]> {
  const { doneBefore, names, states } = by
  if (names?.length === 0 || states?.length === 0) return []
  const fits = (row: Row) =>
    row.doneAt !== null &&
    row.doneAt < doneBefore &&
    (names === undefined || names.includes(row.name)) &&
    (states === undefined || states.includes(row.state))
  const rows: Row[] = []
  const look = async (ids: readonly string[]) => {
    for (const row of await getRows(db, ids)) if (row !== undefined && fits(row)) rows.push(row)
  }
  if (plan.keepDoneDays !== undefined) {
    const isDone = (item: Item) => (numberIn(item, 'doneAt') ?? doneBefore) < doneBefore
    await look(
      await firstRows(db, limit, {
        fits: (item) => isDone(item) && isAmong(item, names, states),
        order: (item) => String(numberIn(item, 'doneAt')).padStart(15, '0') + idOf(item),
      }),
    )
    return rows
  }
  const values = { ':end': text(doneEnd(doneBefore)) }
  const groups = shardsOf(plan).map(doneGroup)
  const reads = groups.map((group) => pageReader(db, DUE_INDEX.name, DONE_BEFORE, group, values, limit))
  let ids: string[] = []
  const turn = (entry: Item) => textIn(entry, 'turn') ?? ''
  for await (const entry of merged(reads, turn, (entry) => isAmong(entry, names, states))) {
    ids.push(idOf(entry))
    if (rows.length + ids.length < limit) continue
    await look(ids)
    if (rows.length === limit) return rows
    ids = []
  }
  await look(ids)
  return rows
}

function pageReader(
  db: Database,
  index: string,
  condition: string,
  group: string,
  values: Item,
  size: number,
): ReadPart {
  return (start) =>
    db.query({
      IndexName: index,
      KeyConditionExpression: condition,
      ...aliases(condition),
      ExpressionAttributeValues: { ':group': text(group), ...values },
      Limit: size,
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    })
}

function isAmong(item: Item, names: readonly string[] | undefined, states: readonly string[] | undefined): boolean {
  if (names !== undefined && !names.includes(textIn(item, 'name') ?? '')) return false
  return states === undefined || states.includes(stateOf(item))
}

function shardsOf({ shards }: Plan): number[] {
  return Array.from({ length: shards }, (_, shard) => shard)
}
