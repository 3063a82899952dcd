/** How rows and keys lie in the database, and the one way in which all code here writes a row. */
import type { NextRow, Row } from 'piecework/storage'
import type { Client } from './database/client.ts'
import type { Fields, Record, Versioned } from './database/engine.ts'

/** The version of this layout: raise it with every change that an older version of your adapter must not meet. */
export const SCHEMA_VERSION = 1

/** A compare-and-set that fails so often in a row means that something is wrong, not that there is much to do. */
export const ATTEMPTS_MAX = 100

/** The tables of one storage. REPLACE what a table is (a collection, a prefix of keys), keep that each has its name. */
export interface Tables {
  readonly client: Client
  /** By id: a row's fields, or `{ reservedFor: key }` while an insert is under way (see keys.ts). */
  readonly rows: string
  /** By key: `{ owner: id }`. */
  readonly locks: string
  readonly meta: string
}

export function tablesFor(client: Client, prefix: string): Tables {
  return { client, rows: `${prefix}rows`, locks: `${prefix}locks`, meta: `${prefix}meta` }
}

/** A stored row and the version that its next write must find. */
export interface Stored {
  readonly row: Row
  readonly version: number
}

/**
 * REPLACE, field by field. MUST give each field back with its type and to the last bit: `null` is not `undefined` or '',
 * instants are numbers beyond 32 bits, texts may hold NUL as `\u0000`, quotes, and every character there is.
 */
export function fieldsOf(row: Row): Fields {
  return { ...row }
}

export function rowOf(fields: Fields): Row {
  // A database that leaves nulls out (or has none) puts them back here: `parent: fields.parent ?? null`.
  return fields as unknown as Row
}

/** The row in a record; `undefined` for no record, and for one that only reserves its id. */
export function storedIn(found: Versioned | Record | undefined): Stored | undefined {
  if (found === undefined || 'reservedFor' in found.fields) return undefined
  return { row: rowOf(found.fields), version: found.version }
}

export async function read({ client, rows }: Tables, id: string): Promise<Stored | undefined> {
  return storedIn(await client.get(rows, id))
}

/** The row as an apply of `next` leaves it: what an apply does not name stays, and `rev` goes up by one. */
export function rewritten(row: Row, next: NextRow): Row {
  const { keepKey, ...columns } = next
  return { ...row, ...columns, key: keepKey ? row.key : null, rev: row.rev + 1 }
}

/** Writes the row if it is still as it was read. `false`: somebody else wrote meanwhile, and nothing was done. */
export async function swap(tables: Tables, { row, version }: Stored, next: Row | null): Promise<boolean> {
  const made = await tables.client.swap(tables.rows, row.id, version, next && fieldsOf(next))
  return made !== null
}
