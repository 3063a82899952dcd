/** `sqliteTable(database, options)`: a table of the user's own in SQLite as the queue of a row dispatcher. */
import {
  addUpRows,
  type HeldRequest,
  type LapsedRequest,
  type ReservedRow,
  type ReserveRequest,
  type RowChange,
  type RowCounts,
  type RowSource,
  type RowState,
  reservedRow,
  type SeenRow,
  type SourceTraits,
  StorageError,
} from '../../../src/storage/index.ts'
import type { BetterDatabase } from '../better-sqlite3.ts'
import type { Connection } from '../connection.ts'
import type { NodeDatabase } from '../node-sqlite.ts'
import { expectDatabase, type SqliteDatabase } from '../open.ts'
import { expected } from '../options.ts'
import { nowMs } from './instants.ts'
import { type Opened, openTable } from './opened.ts'
import { type CheckedTable, checkTable, type SqliteTableOptions } from './options.ts'
import { quoted } from './quoted.ts'
import { keyText, ownRow, seenFrom } from './rows.ts'
import { setupStatements } from './setup.ts'
import type { Asked, TableStatements } from './statements.ts'

/**
 * The table stays the app's: of a row nothing is written but the named columns, and no row is made or removed. Instants
 * are the database's own, as texts like `2026-01-31 12:00:00.000`, or as epoch milliseconds in a column of integers.
 *
 * Given a path, it opens that file through `node:sqlite` in WAL mode when it is first needed, and closes it at the end. An
 * app that has the file open with better-sqlite3 passes that database instead: two copies of SQLite in one process undo
 * each other's locks. A database that the app passes stays open and in its journal mode; while the app has a transaction
 * open on it, nothing can be reserved or written (`busy`), and the dispatcher tries again a moment later.
 *
 * @throws TypeError on options that cannot be. What does not fit in the table itself is told by `open`.
 * @example
 * ```ts
 * const source = sqliteTable('app.db', {
 *   table: 'webpage',
 *   id: 'id',
 *   reservationId: 'scrape_reservation_id',
 *   reservationTime: 'scrape_reservation_time',
 *   reservationTimes: 'scrape_reservation_times',
 *   startTime: 'scrape_start_time',
 *   endTime: 'scrape_end_time',
 * })
 * ```
 */
export function sqliteTable<Row = Record<string, unknown>>(
  database: string,
  options: SqliteTableOptions,
): RowSource<Row, NodeDatabase>
// Where the row alone is given, as in `sqliteTable<Page>(db, ...)`, the database is known by its shape.
export function sqliteTable<Row = Record<string, unknown>, Database extends NodeDatabase = NodeDatabase>(
  database: Database,
  options: SqliteTableOptions,
): RowSource<Row, Database>
export function sqliteTable<Row = Record<string, unknown>, Database extends BetterDatabase = BetterDatabase>(
  database: Database,
  options: SqliteTableOptions,
): RowSource<Row, Database>
export function sqliteTable<Row = Record<string, unknown>, Database extends SqliteDatabase = SqliteDatabase>(
  database: Database,
  options: SqliteTableOptions,
): RowSource<Row, Database>
export function sqliteTable(
  database: string | SqliteDatabase,
  options: SqliteTableOptions,
): RowSource<unknown, SqliteDatabase> {
  if (database === '') throw expected('database', 'a path or a database', database)
  if (typeof database !== 'string') expectDatabase(database)
  return new SqliteTable(database, checkTable(options))
}

class SqliteTable implements RowSource<unknown, SqliteDatabase> {
  readonly title: string
  readonly #database: string | SqliteDatabase
  readonly #options: CheckedTable
  #opened: Opened | undefined

  constructor(database: string | SqliteDatabase, options: CheckedTable) {
    this.title = `the table ${quoted(options.table)}`
    this.#database = database
    this.#options = options
  }

  open(): SourceTraits {
    this.#opened ??= openTable(this.#database, this.#options)
    return this.#opened.traits
  }

  client(): SqliteDatabase {
    return this.#ready.database
  }

  idOf(key: unknown): string {
    return keyText(key)
  }

  reserve({ tokens, ids, maxTries }: ReserveRequest): ReservedRow[] {
    const { session, statements } = this.#ready
    const limit = tokens.length
    const dueIds = (db: Connection, most: number): string[] => {
      if (!ids) return texts(db, statements.due(maxTries, most))
      const due = new Set<string>()
      for (const id of ids) {
        if (due.size === most) break
        for (const each of texts(db, statements.chosen(maxTries, id))) due.add(each)
      }
      return [...due]
    }
    // An idle worker asks often: it must not take the write lock from those who work.
    if (limit === 0 || session.read((db) => dueIds(db, 1)).length === 0) return []
    return session.write((db) => {
      const taken = dueIds(db, limit).filter((id, index) => isMade(db, statements.take(id, tokens[index] as string)))
      return taken.flatMap((id) => {
        const [seen] = seenBy(db, statements.seen(id))
        return seen ? [reservedBy(db, statements, seen)] : []
      })
    })
  }

  write(changes: readonly RowChange[]): boolean[] {
    const { session, statements } = this.#ready
    if (changes.length === 0) return []
    return session.write((db) => changes.map((change) => isMade(db, statements.write(change))))
  }

  lapsed(request: LapsedRequest): SeenRow[] {
    const { session, statements } = this.#ready
    const { startWithinMs, maxDurationMs, limit } = request
    const overAt = ({ standing, reservedAt, startedAt }: SeenRow) =>
      standing === 'started' ? (startedAt ?? 0) + maxDurationMs : (reservedAt ?? 0) + startWithinMs
    return session
      .snapshot((db) => statements.lapsed(request).flatMap((asked) => seenBy(db, asked)))
      .sort((a, b) => overAt(a) - overAt(b))
      .slice(0, limit)
  }

  held(request: HeldRequest): ReservedRow[] {
    const { session, statements } = this.#ready
    return session.snapshot((db) =>
      seenBy(db, statements.held(request)).map((seen) => reservedBy(db, statements, seen)),
    )
  }

  look(ids: readonly string[]): (SeenRow | undefined)[] {
    const { session, statements } = this.#ready
    return session.snapshot((db) => ids.map((id) => seenBy(db, statements.seen(id))[0]))
  }

  count(maxTries: number): RowCounts {
    const { session, statements } = this.#ready
    const { sql, values } = statements.count(maxTries)
    const rows = session.read((db) => db.all(sql, ...values))
    return addUpRows(
      rows.map(([state, worker, count]) => ({
        state: state as RowState,
        worker: worker === null ? null : String(worker),
        count: Number(count),
      })),
    )
  }

  now(): number {
    return this.#ready.session.read((db) => Number(db.all(`select ${nowMs}`)[0]?.[0]))
  }

  statements(): readonly string[] {
    return setupStatements(this.#options)
  }

  close(): void {
    this.#opened?.close()
    this.#opened = undefined
  }

  get #ready(): Opened {
    if (this.#opened) return this.#opened
    throw new StorageError('closed', `Of ${this.title} nothing is open: \`open()\` comes first, and \`close()\` last`)
  }
}

function texts(db: Connection, { sql, values }: Asked): string[] {
  return db.all(sql, ...values).map(([text]) => text as string)
}

function seenBy(db: Connection, { sql, values }: Asked): SeenRow[] {
  return db.all(sql, ...values).map(seenFrom)
}

function isMade(db: Connection, { sql, values }: Asked): boolean {
  return db.run(sql, values) === 1
}

function reservedBy(db: Connection, statements: TableStatements, seen: SeenRow): ReservedRow {
  const { sql, values } = statements.row(seen.id)
  const [row = {}] = db.wide(sql, ...values)
  return reservedRow(seen, ownRow(row))
}
