/** A table that was checked, and how its columns write things down: times, truth, the key, what is read of a row. */
import { type ReservationColumn, type RowSql, rowSql } from '../../../src/storage/index.ts'
import { quoted } from '../names.ts'
import type { ColumnFacts, TableFacts } from './describe.ts'
import { type KeyType, keyTypes } from './key.ts'
import type { CheckedTableOptions } from './options.ts'

export interface TableForm {
  /** The table with its schema, quoted: a later search path finds no other one. */
  readonly table: string
  /** The column of the key, quoted. */
  readonly id: string
  readonly key: KeyType
  readonly sql: RowSql
  /** What is read of a row in the order of `seenFrom`: text and whole numbers, whatever the columns are. */
  readonly marks: string
  /** The reservation id as text, compared by its bytes and not as the column's collation has it. */
  readonly token: string
  /** What the text of a reservation id is cast to. */
  readonly tokenType: string
  /** So many milliseconds, given by a placeholder, before now; as this column keeps times, and usable by an index. */
  ago(column: ReservationColumn, milliseconds: string): string
  /** The time in the column as epoch milliseconds. */
  instant(column: ReservationColumn): string
  /** An error's text, given by a placeholder, as far as the column holds it. */
  errorText(text: string): string
}

const epochMs = (time: string) => `floor(extract(epoch from ${time}) * 1000)::bigint`
const clocks: Readonly<Record<string, string>> = {
  timestamptz: 'clock_timestamp()',
  // Without a zone it is in UTC whatever zone the session has.
  timestamp: `clock_timestamp() at time zone 'UTC'`,
  int8: epochMs('clock_timestamp()'),
}

/** @param facts in which nothing was found. */
export function formOf(options: CheckedTableOptions, facts: TableFacts): TableForm {
  const factsOf = (name: string | undefined) => facts.columns.get(String(name)) as ColumnFacts
  const typeOf = (column: ReservationColumn) => factsOf(options[column]).type
  const now = (column: ReservationColumn) => String(clocks[typeOf(column)])
  const sql = rowSql(options, {
    quoted,
    now,
    truth: (value, column) => (typeOf(column) === 'bool' ? String(value) : value ? '1' : '0'),
  })
  const instant = (column: ReservationColumn) =>
    typeOf(column) === 'int8' ? String(sql.names[column]) : epochMs(String(sql.names[column]))
  const id = quoted(options.id)
  const token = `((${sql.names.reservationId})::text collate "C")`
  const { length } = (options.error === undefined ? undefined : factsOf(options.error)) ?? {}
  const times = (['reservationTime', 'startTime', 'endTime'] as const).map(instant)
  return {
    table: `${quoted(facts.schema)}.${quoted(options.table)}`,
    id,
    key: keyTypes.get(factsOf(options.id).type) as KeyType,
    sql,
    marks: [`${id}::text`, token, sql.tries, ...times].join(', '),
    token,
    tokenType: typeOf('reservationId') === 'uuid' ? 'uuid' : 'text',
    ago(column, milliseconds) {
      const isNumber = typeOf(column) === 'int8'
      const before = isNumber ? `${milliseconds}::bigint` : `${milliseconds}::float8 * interval '1 millisecond'`
      // As a query of its own it is asked once: what may differ from row to row, as the clock, is no bound in an index.
      return `(select ${now(column)} - ${before})`
    },
    instant,
    errorText: (text) => (length === undefined ? text : `left(${text}, ${length})`),
  }
}
