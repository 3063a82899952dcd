/** Rows as columns: the order in which they are read, and how they are sent. */
import type { Row } from '../../src/storage/index.ts'

/** A row as it comes over the wire: text, whatever parsers the app has set for its types. */
export type Columns = readonly (string | null)[]

/** Every column, in the order of {@link rowFrom}. */
export const COLUMNS = 'id, name, state, priority, wake_at, rev, tries, holder, key, parent, done_at, input, memo'

/** The same columns of a table that has another name in the statement. */
export function columnsOf(alias: string): string {
  return COLUMNS.replaceAll(/\w+/g, (column) => `${alias}.${column}`)
}

/** By hand and in one order, so that all rows share one hidden class. The columns have these types by the schema. */
export function rowFrom(columns: Columns): Row {
  return {
    id: columns[0] as string,
    name: columns[1] as string,
    state: columns[2] as string,
    priority: Number(columns[3]),
    wakeAt: instantFrom(columns[4]),
    rev: Number(columns[5]),
    tries: Number(columns[6]),
    holder: columns[7] as string | null,
    key: columns[8] as string | null,
    parent: columns[9] as string | null,
    doneAt: instantFrom(columns[10]),
    input: columns[11] as string,
    memo: columns[12] as string,
  }
}

export function instantFrom(column: string | null | undefined): number | null {
  return column === null ? null : Number(column)
}

/**
 * How many characters of rows go into one statement: half of what a JavaScript string holds once every character were
 * escaped, and well below the gigabyte that Postgres takes.
 */
const BATCH_CHARS_MAX = 64 * 1024 * 1024

/** Cuts a batch where it would grow too large to be sent at once. A batch need not be atomic. */
export function bySize<T>(batch: readonly T[], charsOf: (entry: T) => number): T[][] {
  const parts: T[][] = []
  let part: T[] = []
  let chars = 0
  for (const entry of batch) {
    chars += charsOf(entry)
    if (chars > BATCH_CHARS_MAX && part.length > 0) {
      parts.push(part)
      part = []
      chars = charsOf(entry)
    }
    part.push(entry)
  }
  if (part.length > 0) parts.push(part)
  return parts
}
