/** What `sqliteTable` is told of the user's table, checked at the door. */
import { checkColumns, type ReservationColumns } from '../../../src/storage/index.ts'
import type { Bound } from '../connection.ts'
import { type ConnectionOptions, checkConnection, expected } from '../options.ts'

export interface SqliteTableOptions extends ReservationColumns, ConnectionOptions {
  /** Its name. */
  readonly table: string
  /** The column that names a row: the primary key, or any other that is unique by itself. */
  readonly id: string
  /**
   * Only rows for which this holds are reserved and counted. With a `?` for each value, as in
   * `{ sql: 'country = ?', values: ['GR'] }`. Where few of the free rows are meant, an index of your own serves it; which
   * index is the better one, SQLite knows only after `analyze`.
   */
  readonly where?: SqliteCondition
}

/** A condition on the user's own columns. */
export interface SqliteCondition {
  readonly sql: string
  /** @default [] */
  readonly values?: readonly (string | number | bigint | boolean | Uint8Array | null)[]
}

export interface CheckedTable extends Omit<SqliteTableOptions, 'where' | 'synchronous'> {
  readonly where: { readonly sql: string; readonly values: readonly Bound[] } | undefined
  readonly synchronous: 'full' | 'normal' | undefined
  readonly busyTimeoutMs: number
}

/** @throws TypeError naming the option. */
export function checkTable(options: SqliteTableOptions): CheckedTable {
  const { where, ...rest } = checkColumns(options, ['table', 'where', 'synchronous', 'busyTimeoutMs'])
  const { table } = rest
  if (typeof table !== 'string' || table === '' || table.includes('\0') || !table.isWellFormed()) {
    throw expected('table', 'the name of a table', table)
  }
  return { ...rest, ...checkConnection(rest), where: where && checkWhere(where) }
}

function checkWhere(where: SqliteCondition): CheckedTable['where'] {
  const wanted = "an object such as { sql: 'country = ?', values: ['GR'] }"
  if (typeof where !== 'object' || where === null) throw expected('where', wanted, where)
  const { sql, values = [] } = where
  if (typeof sql !== 'string' || sql.trim() === '') throw expected('where.sql', 'a condition in SQL', sql)
  if (!Array.isArray(values)) throw expected('where.values', 'an array', values)
  return { sql, values: values.map(checkValue) }
}

function checkValue(value: unknown): Bound {
  if (typeof value === 'boolean') return value ? 1 : 0
  const isPlain = value === null || ['string', 'number', 'bigint'].includes(typeof value)
  if (isPlain || value instanceof Uint8Array) return value as Bound
  throw expected('where.values', 'texts, numbers, bigints, truth values, bytes and nulls', value)
}
