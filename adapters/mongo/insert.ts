/** Inserts rows, as if one after another. */
import type { InsertResult, Row } from '../../src/storage/index.ts'
import type { Call } from './call.ts'
import { documentOf, lots } from './document.ts'

/** Rows in one command. */
const LOT = 1_000

/** How often a row is stored again because the one that had its key let go of it meanwhile. */
const TRIES_MAX = 5

const DUPLICATE_KEY = 11000

export async function insert(call: Call, rows: readonly Row[]): Promise<InsertResult[]> {
  const results = rows.map((): InsertResult => 'inserted')
  // In the app's transaction a duplicate may not be left to the indexes: their refusal ends the transaction.
  let open = call.isWithin ? await refuseTaken(call, rows, results) : rows.map((_, at) => at)
  for (let tries = 1; ; tries++) {
    const refused = await store(call, rows, open)
    if (refused.length === 0) return results
    if (call.isWithin) throw new Error('A row with this id or key was stored meanwhile: run the transaction again')
    open = await nameOwners(call, rows, refused, results)
    if (open.length === 0) return results
    if (tries === TRIES_MAX) throw new Error(`The key of ${open.length} rows changed hands ${tries} times`)
  }
}

/** A row that a unique index refused, and which index: of ids or of keys. */
interface Refusal {
  readonly at: number
  readonly byKey: boolean
}

/** Stores the rows at these places; answers which of them were refused. */
async function store(call: Call, rows: readonly Row[], places: readonly number[]): Promise<Refusal[]> {
  const refused: Refusal[] = []
  for (const lot of lots(places, LOT, (at) => textLength(rows[at] as Row))) {
    const documents = lot.map((at) => documentOf(rows[at] as Row))
    // Unordered: the server tries every one of them, one after another.
    const { writeErrors = [] } = await call.write({ insert: call.names.row, documents, ordered: false })
    for (const { index, code, errmsg, keyPattern } of writeErrors) {
      if (code !== DUPLICATE_KEY) throw new Error(`MongoDB refused a row: ${errmsg}`)
      refused.push({ at: lot[index] as number, byKey: keyPattern !== undefined && 'key' in keyPattern })
    }
  }
  return refused
}

/** Names who stands in the way of these rows. Answers the places of those that nobody stands in the way of any more. */
async function nameOwners(
  call: Call,
  rows: readonly Row[],
  refused: readonly Refusal[],
  results: InsertResult[],
): Promise<number[]> {
  const asked = refused.map(({ at }) => rows[at] as Row)
  const { ids, keys } = await ownersOf(call, asked)
  const open: number[] = []
  for (const { at, byKey } of refused) {
    const { id, key } = rows[at] as Row
    // By the index that refused it: another row of the batch may have taken the id since.
    const owner = byKey ? keys.get(key as string) : ids.has(id) ? id : undefined
    if (owner === undefined) open.push(at)
    else results[at] = { duplicate: owner }
  }
  return open
}

/** Looks for the owners before anything is stored. Answers the places of the rows that nobody stands in the way of. */
async function refuseTaken(call: Call, rows: readonly Row[], results: InsertResult[]): Promise<number[]> {
  const { ids, keys } = await ownersOf(call, rows)
  const open: number[] = []
  rows.forEach(({ id, key }, at) => {
    const owner = ids.has(id) ? id : keys.get(key ?? '')
    if (owner !== undefined) {
      results[at] = { duplicate: owner }
      return
    }
    // The next ones of this batch find it there.
    ids.add(id)
    if (key !== null) keys.set(key, id)
    open.push(at)
  })
  return open
}

/** The rows that have one of these ids or keys. */
async function ownersOf(call: Call, rows: readonly Row[]): Promise<{ ids: Set<string>; keys: Map<string, string> }> {
  const keys = rows.flatMap(({ key }) => (key === null ? [] : [key]))
  const filters = [{ _id: { $in: rows.map(({ id }) => id) } }, ...(keys.length > 0 ? [{ key: { $in: keys } }] : [])]
  const found = await call.rows({ $or: filters }, { projection: { key: 1 } })
  return {
    ids: new Set(found.map((row) => row._id)),
    keys: new Map(found.flatMap(({ _id, key }) => (key === undefined ? [] : [[key, _id]]))),
  }
}

function textLength({ input, memo }: Row): number {
  return input.length + memo.length
}
