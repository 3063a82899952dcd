/** Instants in the user's columns: SQLite's own text, or epoch milliseconds where the column is an integer. */
import type { Value } from '../connection.ts'

/** How one kind of column keeps instants. Time is the database's. */
export interface InstantSql {
  /** What is written. */
  readonly now: string
  /** A column as epoch milliseconds. */
  inMs(column: string): string
  /** So long ago, as a column would have it; takes {@link ago}. */
  readonly limit: string
  ago(ms: number): Value
}

/** Whole milliseconds; `unixepoch('subsec')` is younger than some better-sqlite3. */
function epochMs(instant: string): string {
  return `cast(round((julianday(${instant}) - 2440587.5) * 86400000) as integer)`
}

export const nowMs = epochMs(`'now'`)

const format = `'%Y-%m-%d %H:%M:%f'`

/**
 * It sorts beside what `CURRENT_TIMESTAMP` gives: of two texts of one second the shorter one, which has no milliseconds,
 * comes first.
 */
export const textInstants: InstantSql = {
  now: `strftime(${format}, 'now')`,
  inMs: epochMs,
  limit: `strftime(${format}, 'now', +?)`,
  ago: (ms) => `-${(ms / 1000).toFixed(3)} seconds`,
}

export const numberInstants: InstantSql = {
  now: nowMs,
  inMs: (column) => column,
  limit: `${nowMs} - +?`,
  ago: (ms) => ms,
}
