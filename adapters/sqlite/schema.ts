/** The tables, their version, and the one transaction that makes or renews them. */
import { StorageError } from '../../src/storage/index.ts'
import type { Connection } from './connection.ts'
import { isBusy } from './errors.ts'

/** The names that this storage has in the database, quoted for SQL. */
export interface Names {
  readonly row: string
  readonly meta: string
  readonly due: string
  readonly key: string
  readonly parent: string
  readonly done: string
}

export function namesFor(prefix: string): Names {
  return {
    row: `"${prefix}row"`,
    meta: `"${prefix}meta"`,
    due: `"${prefix}row_due"`,
    key: `"${prefix}row_key"`,
    parent: `"${prefix}row_parent"`,
    done: `"${prefix}row_done"`,
  }
}

/**
 * What brings a database from version n to n + 1, at index n. A step that was released is never edited: a later version
 * adds one.
 *
 * Text compares by its bytes (`binary` is SQLite's default). The table has rowids: `without rowid` was slower in
 * the prototype (35.6 against 31.1 us a task). Wide columns come last, so that a scan by state does not read over them.
 */
const MIGRATIONS: readonly ((names: Names) => readonly string[])[] = [
  ({ row, meta, due, key, parent, done }) => [
    `create table ${meta} (name text primary key not null, value integer not null)`,
    `create table ${row} (id text primary key not null, name text not null, state text not null,
      priority integer not null, wake_at integer, rev integer not null, tries integer not null, holder text, key text,
      parent text, done_at integer, input text not null, memo text not null)`,
    // tries and id stay in: rows of one bulk insert share wake_at, and without them each claim sorts them all, which
    // cost the prototype 160 us a task.
    `create index ${due} on ${row} (name, priority, wake_at, tries, id) where wake_at is not null`,
    `create unique index ${key} on ${row} (key) where key is not null`,
    // With state: one open part among any number of finished ones is a single step away. With name: how far a job is
    // counts 100,000 open parts without a look at their rows, in a third of the time.
    `create index ${parent} on ${row} (parent, state, id, name) where parent is not null`,
    `create index ${done} on ${row} (done_at) where done_at is not null`,
    `insert into ${meta} (name, value) values ('schema', 0)`,
  ],
]

/** The version that this code reads and writes. */
export const SCHEMA_VERSION = MIGRATIONS.length

/** Refuses a database of a later version; to be called before anything is written. */
export function refuseNewer(db: Connection, names: Names): void {
  const version = versionOf(db, names)
  if (version <= SCHEMA_VERSION) return
  throw new StorageError(
    'newer_schema',
    `The tables are of version ${version}, made by a later piecework; this one knows version ${SCHEMA_VERSION}. Nothing was written`,
  )
}

/**
 * Makes the tables, or brings them up to date, in one transaction that holds the write lock from its start: of two
 * processes that open a fresh file one waits for the other, and a process that dies half-way leaves nothing.
 */
export function migrate(db: Connection, names: Names): void {
  try {
    db.exec('begin immediate')
  } catch (error) {
    // Somebody writes, and may stand still with the lock: a start need not fail for it where nothing is to be done.
    if (!isBusy(error) || versionOf(db, names) !== SCHEMA_VERSION) throw error
    refuseMissing(db, names)
    return
  }
  try {
    refuseNewer(db, names)
    for (const step of MIGRATIONS.slice(versionOf(db, names))) for (const statement of step(names)) db.exec(statement)
    // Also the proof that this database can be written, which `begin immediate` alone is not.
    db.exec(`update ${names.meta} set value = ${SCHEMA_VERSION} where name = 'schema' and value < ${SCHEMA_VERSION}`)
    refuseMissing(db, names)
    db.exec('commit')
  } catch (error) {
    if (db.isInTransaction()) db.exec('rollback')
    throw error
  }
}

/** 0 where there are no tables yet. */
export function versionOf(db: Connection, names: Names): number {
  if (!present(db).has(names.meta)) return 0
  const version = db.all(`select value from ${names.meta} where name = 'schema'`)[0]?.[0]
  if (typeof version === 'number') return version
  throw new StorageError(
    'not_usable',
    `The table ${names.meta} has no schema version: another program made or changed it`,
  )
}

/** An index that somebody dropped is no matter of speed alone: without the one on keys, two rows could hold one key. */
function refuseMissing(db: Connection, names: Names): void {
  const missing = missingOf(db, names)
  if (missing.length === 0) return
  throw new StorageError(
    'not_usable',
    `The database lacks ${missing.join(', ')}, dropped by something else than piecework`,
  )
}

/** Which tables and indexes are not there. */
export function missingOf(db: Connection, names: Names): string[] {
  const there = present(db)
  return Object.values(names).filter((name) => !there.has(name))
}

function present(db: Connection): Set<string> {
  return new Set(db.all('select name from sqlite_master').map(([name]) => `"${name}"`))
}
