/** What has to be in the user's table, as statements for a migration of the user's own. */
import { type ReservationColumn, reservationColumns, rowSql } from '../../../src/storage/index.ts'
import type { SqliteTableOptions } from './options.ts'
import { quoted } from './quoted.ts'

const types: Readonly<Record<ReservationColumn, string>> = {
  reservationId: 'text',
  reservationTime: 'text',
  reservationTimes: 'integer',
  startTime: 'text',
  endTime: 'text',
  success: 'integer',
  error: 'text',
}

export function addColumn(table: string, column: string, option: ReservationColumn): string {
  return `alter table ${quoted(table)} add column ${quoted(column)} ${types[option]}`
}

/**
 * The columns, and two indexes that hold no more than is waiting and what is held: one in the order in which rows are
 * reserved, one by what is over its time first.
 */
export function setupStatements(options: Pick<SqliteTableOptions, 'table' | 'id' | ReservationColumn>): string[] {
  const { table, id, reservationId } = options
  const { names, tries, standings } = rowSql(options, { quoted, now: () => '', truth: () => '' })
  const index = (what: string) => quoted(`${table}_${reservationId}_${what}`)
  const held = `${names.reservationId} is not null and ${names.endTime} is null`
  return [
    ...reservationColumns.flatMap((option) => {
      const name = options[option]
      return name === undefined ? [] : [addColumn(table, name, option)]
    }),
    `create index ${index('free')} on ${quoted(table)} (${tries}, ${quoted(id)}) where ${standings.free}`,
    `create index ${index('held')} on ${quoted(table)} (${names.startTime}, ${names.reservationTime}, ${quoted(id)}) where ${held}`,
  ]
}
