/** The statements of the user's own migration: the columns, and one index for each of the two questions. */
import { reservationColumns } from '../../../src/storage/index.ts'
import { quoted } from '../names.ts'
import type { CheckedTableOptions } from './options.ts'

/** `NAMEDATALEN - 1`: Postgres cuts a longer name, and two indexes could then be one. */
const NAME_BYTES_MAX = 63

const types = {
  reservationId: 'text',
  reservationTime: 'timestamptz',
  reservationTimes: 'integer',
  startTime: 'timestamptz',
  endTime: 'timestamptz',
  success: 'boolean',
  error: 'text',
} as const

/** The table as it is named in statements, by the search path where no schema was named. */
export function tableName({ schema, table }: { readonly schema?: string; readonly table: string }): string {
  return schema === undefined ? quoted(table) : `${quoted(schema)}.${quoted(table)}`
}

export function addColumn(options: CheckedTableOptions, column: keyof typeof types): string {
  return `alter table ${tableName(options)} add column ${quoted(String(options[column]))} ${types[column]}`
}

/**
 * `free` is read from its beginning, in the order in which rows are chosen. `held` holds those that are at work, which
 * are few beside a large table; in it what is over its time lies together, however many are not.
 */
export function setupStatements(options: CheckedTableOptions): string[] {
  const { id, reservationId, reservationTime, reservationTimes, startTime, endTime } = options
  const on = tableName(options)
  const name = (suffix: string) => {
    const text = `${options.table}_${reservationId}_${suffix}`
    // Without a name the server finds one that is free.
    return Buffer.byteLength(text) > NAME_BYTES_MAX ? '' : `${quoted(text)} `
  }
  return [
    ...reservationColumns.filter((column) => options[column] !== undefined).map((each) => addColumn(options, each)),
    `create index ${name('free')}on ${on} (coalesce(${quoted(reservationTimes)}, 0), ${quoted(id)})
  where ${quoted(reservationId)} is null and ${quoted(endTime)} is null`,
    `create index ${name('held')}on ${on} (${quoted(startTime)}, ${quoted(reservationTime)})
  where ${quoted(reservationId)} is not null and ${quoted(endTime)} is null`,
  ]
}
