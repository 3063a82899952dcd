/** What a table of the app's own may be told, checked at the door. */
import { checkColumns, type ReservationColumns } from '../../../src/storage/index.ts'
import { checkTimeout, expected } from '../options.ts'

/** A condition of the app's own, with `$1`, `$2` and so on for its values. Names in it are the table's own columns. */
export interface PostgresCondition {
  readonly sql: string
  readonly values?: readonly unknown[]
}

export interface PostgresTableOptions extends ReservationColumns {
  readonly table: string
  /** @default the first schema of the search path that has such a table */
  readonly schema?: string
  /** The column of the key: uuid, an integer or text, and unique by itself. */
  readonly id: string
  /** Only rows for which this holds are reserved and counted. What is reserved is ended whether it holds still or not. */
  readonly where?: PostgresCondition
  /** How long a call may take, and how long it waits for a connection of the pool. @default 10_000 */
  readonly callTimeoutMs?: number
}

export interface CheckedTableOptions extends PostgresTableOptions {
  readonly callTimeoutMs: number
}

const known = ['table', 'schema', 'where', 'callTimeoutMs']

/** @throws TypeError naming the option. */
export function checkTableOptions(options: PostgresTableOptions): CheckedTableOptions {
  const { table, schema, where, callTimeoutMs = 10_000 } = checkColumns(options, known)
  if (!isName(table)) throw expected('table', 'the name of a table', table)
  if (schema !== undefined && !isName(schema)) throw expected('schema', 'the name of a schema', schema)
  if (where !== undefined) checkCondition(where)
  return { ...options, callTimeoutMs: checkTimeout(callTimeoutMs) }
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.isWellFormed() && !value.includes('\0')
}

function checkCondition(where: PostgresCondition): void {
  const wanted = "such as { sql: 'country = $1', values: ['GR'] }"
  if (typeof where !== 'object' || where === null) throw expected('where', wanted, where)
  const { sql, values } = where
  if (typeof sql !== 'string' || sql.trim() === '') throw expected('where.sql', 'a condition in SQL', sql)
  if (values !== undefined && !Array.isArray(values)) throw expected('where.values', 'an array', values)
  const other = Object.keys(where).find((name) => name !== 'sql' && name !== 'values')
  if (other !== undefined) throw new TypeError(`Expected \`where\` to hold only sql, values, got \`${other}\``)
}
