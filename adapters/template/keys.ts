/** Inserts a row, and keeps its id and its key unique with nothing but compare-and-set of one record. */
import type { InsertResult, Row } from 'piecework/storage'
import { ATTEMPTS_MAX, fieldsOf, rowOf, storedIn, type Tables } from './tables.ts'

// REPLACE all of this where your database has a unique index on keys, or a transaction over two records: one statement
// that stores the row unless its id or key is there, and a read that names who has it. Where it has neither, KEEP this:
//
//   1. reserve   write `{ reservedFor: key }` under the row's id, if nothing is there
//   2. lock      write `{ owner: id }` under the key; it may replace only an owner that does not hold the key
//   3. store     turn the reservation into the row, if it is still the same reservation
//
// Who takes over a lock whose owner has only a reservation removes that reservation first. So a writer that slept between
// 2 and 3 fails at 3 and begins again. "Lock, then store" without a reservation is wrong: the sleeper wakes up, stores
// its row, and two rows hold one key.

/** How often another's reservation is looked at before it is taken for one that its writer will never finish. */
const PATIENCE = 10

/** Stores one row, or names the row that stands in its way. */
export async function insertOne(tables: Tables, row: Row): Promise<InsertResult> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const result = row.key === null ? await storePlain(tables, row) : await storeKeyed(tables, row, row.key)
    if (result !== 'again') return result
  }
  // Not `busy`, which says that nothing was done: other rows of the batch may be stored by now.
  throw new Error(`Row ${row.id} was neither stored nor refused in ${ATTEMPTS_MAX} attempts`)
}

async function storePlain(tables: Tables, row: Row): Promise<InsertResult | 'again'> {
  const { client, rows } = tables
  if ((await client.swap(rows, row.id, null, fieldsOf(row))) !== null) return 'inserted'
  return whoHasId(tables, row.id)
}

async function storeKeyed(tables: Tables, row: Row, key: string): Promise<InsertResult | 'again'> {
  const { client, rows } = tables
  const reservation = await client.swap(rows, row.id, null, { reservedFor: key })
  if (reservation === null) return whoHasId(tables, row.id)
  const owner = await lock(tables, row.id, key)
  if (owner !== undefined) {
    await client.swap(rows, row.id, reservation, null)
    return { duplicate: owner }
  }
  const stored = await client.swap(rows, row.id, reservation, fieldsOf(row))
  return stored === null ? 'again' : 'inserted'
}

/** Takes the lock on a key for a row that has reserved its id. Answers the id of the row that holds the key instead. */
async function lock({ client, rows, locks }: Tables, id: string, key: string): Promise<string | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const found = await client.get(locks, key)
    const owner = found?.fields.owner as string | undefined
    if (owner !== undefined && owner !== id) {
      // Read after the lock: what is not there now was taken away after the lock was written.
      const record = await client.get(rows, owner)
      const stored = storedIn(record)
      if (stored?.row.key === key) return owner
      if (record !== undefined && stored === undefined) {
        if (attempt < PATIENCE) continue
        if ((await client.swap(rows, owner, record.version, null)) === null) continue
      }
    }
    // Also where the owner is this very id: the version must change, so that nobody else's takeover succeeds.
    if ((await client.swap(locks, key, found?.version ?? null, { owner: id })) !== null) return undefined
  }
  throw new Error(`The key of row ${id} could not be locked in ${ATTEMPTS_MAX} attempts`)
}

async function whoHasId({ client, rows }: Tables, id: string): Promise<InsertResult | 'again'> {
  for (let look = 0; look < PATIENCE; look++) {
    const found = await client.get(rows, id)
    if (found === undefined) return 'again'
    if (storedIn(found) !== undefined) return { duplicate: rowOf(found.fields).id }
    if (look === PATIENCE - 1) await client.swap(rows, id, found.version, null)
  }
  return 'again'
}

/** What to call before a row lets go of its key, and what it answers, to call afterwards. */
export async function unlocking({ client, locks }: Tables, row: Row): Promise<() => Promise<void>> {
  const { key, id } = row
  if (key === null) return async () => {}
  // Read while the row still holds the key: a lock of that version is of this row's life, not of one that came after it.
  const found = await client.get(locks, key)
  return async () => {
    // A process that dies before this leaves a lock whose owner holds nothing: the next insert of the key replaces it.
    if (found?.fields.owner === id) await client.swap(locks, key, found.version, null)
  }
}
