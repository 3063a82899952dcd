/** `node:sqlite`: the driver that comes with Node. */
import { StorageError } from '../../src/storage/index.ts'
import type { Bound, Columns, Driver, Value, WideRow } from './connection.ts'

/** A `DatabaseSync` of `node:sqlite`, by its shape. */
export interface NodeDatabase {
  prepare(sql: string): NodeStatement
  exec(sql: string): void
  close(): void
  /** Node 22.16 and later. */
  readonly isTransaction?: boolean
}

interface NodeStatement {
  all(...values: Bound[]): WideRow[]
  get(...values: Bound[]): WideRow | undefined
  run(...values: Bound[]): { readonly changes: number | bigint }
  setReadBigInts(on: boolean): void
  /** Node 22.16 and later. */
  setReturnArrays?(on: boolean): void
}

interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => NodeDatabase
}

/** Opens a file, or `:memory:`. The module is asked for only here, since Node warns that it is experimental. */
export function openNodeDatabase(path: string): NodeDatabase {
  const found = process.getBuiltinModule('node:sqlite') as NodeSqlite | undefined
  if (found === undefined) {
    throw new StorageError(
      'missing_driver',
      `Node ${process.versions.node} has no \`node:sqlite\`: use Node 22.13 or later, or pass a better-sqlite3 database`,
    )
  }
  return new found.DatabaseSync(path)
}

export function nodeDriver(db: NodeDatabase): Driver {
  return {
    isInTransaction: 'isTransaction' in db ? () => db.isTransaction === true : () => isBeginRefused(db),
    exec: (sql) => db.exec(sql),
    reader(sql) {
      const statement = prepare(db, sql)
      // Arrays, as with better-sqlite3; before Node 22.16 the values of an object have to do.
      if (statement.setReturnArrays === undefined) {
        return (values) => statement.all(...values).map((row) => Object.values(row as Record<string, Value>))
      }
      statement.setReturnArrays(true)
      return (values) => statement.all(...values) as unknown[] as Columns[]
    },
    wideReader(sql) {
      const statement = prepare(db, sql)
      // Without this it throws where a number would lose digits.
      statement.setReadBigInts(true)
      return (values) => statement.all(...values) as WideRow[]
    },
    writer(sql) {
      const statement = prepare(db, sql)
      return (values) => Number(statement.run(...values).changes)
    },
    close: () => db.close(),
  }
}

function prepare(db: NodeDatabase, sql: string): NodeStatement {
  const statement = db.prepare(sql)
  // The app may have opened its database with big integers on.
  statement.setReadBigInts(false)
  return statement
}

/** Node before 22.16 does not say whether a transaction is open; a second `begin` does. */
function isBeginRefused(db: NodeDatabase): boolean {
  try {
    db.exec('begin')
  } catch (error) {
    if (error instanceof Error && error.message.includes('within a transaction')) return true
    throw error
  }
  db.exec('rollback')
  return false
}
