/** Rows as columns: the order in which they are read and written. */
import type { Row } from '../../src/storage/index.ts'
import type { Columns, Value } from './connection.ts'

/** Every column, in the order of {@link rowFrom}. */
export const COLUMNS = 'id, name, state, priority, wake_at, rev, tries, holder, key, parent, done_at, input, memo'

export const COLUMN_COUNT = 13

/** By hand and in one order, so that all rows share one hidden class. The columns have these types by the schema. */
export function rowFrom(columns: Columns): Row {
  return {
    id: columns[0] as string,
    name: columns[1] as string,
    state: columns[2] as string,
    priority: columns[3] as number,
    wakeAt: columns[4] as number | null,
    rev: columns[5] as number,
    tries: columns[6] as number,
    holder: columns[7] as string | null,
    key: columns[8] as string | null,
    parent: columns[9] as string | null,
    doneAt: columns[10] as number | null,
    input: columns[11] as string,
    memo: columns[12] as string,
  }
}

export function pushColumns(values: Value[], row: Row): void {
  values.push(row.id, row.name, row.state, row.priority, row.wakeAt, row.rev, row.tries)
  values.push(row.holder, row.key, row.parent, row.doneAt, row.input, row.memo)
}
