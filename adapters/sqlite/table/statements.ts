/** The statements on the user's table, as text. Each parameter is a plain `?`, in the order in which it stands. */
import {
  type MoveValues,
  type RowChange,
  type RowMoveName,
  type RowStanding,
  rowMoves,
  rowSql,
  uuidWorkerLength,
} from '../../../src/storage/index.ts'
import type { Bound } from '../connection.ts'
import type { FitTable } from './check.ts'
import { type InstantSql, numberInstants, textInstants } from './instants.ts'
import type { CheckedTable } from './options.ts'
import { quoted } from './quoted.ts'

/** A statement, and what is bound to it. */
export interface Asked {
  readonly sql: string
  readonly values: readonly Bound[]
}

export interface TableStatements {
  /** The ids of rows that are due, in the order in which they are reserved. */
  due(maxTries: number, limit: number): Asked
  /** The same of one row that the app chose: its id, if it may be reserved. */
  chosen(maxTries: number, id: string): Asked
  take(id: string, token: string): Asked
  write(change: RowChange): Asked
  /** {@link seenFrom} reads what it gives. */
  seen(id: string): Asked
  row(id: string): Asked
  /** Rows over their time, those of each statement the longest first. */
  lapsed(request: { readonly startWithinMs: number; readonly maxDurationMs: number; readonly limit: number }): Asked[]
  held(request: { readonly prefix?: string; readonly after?: string; readonly limit: number }): Asked
  /** State, worker, and how many rows there are of these. */
  count(maxTries: number): Asked
}

export function tableStatements(options: CheckedTable, { numbers }: FitTable): TableStatements {
  const { where } = options
  const table = quoted(options.table)
  const id = quoted(options.id)
  const instants = (column: 'reservationTime' | 'startTime' | 'endTime'): InstantSql =>
    numbers.has(column) ? numberInstants : textInstants
  const { names, tries, standings, state, assignments } = rowSql(options, {
    quoted,
    now: (column) => instants(column as 'startTime').now,
    truth: (value) => (value ? '1' : '0'),
  })
  const {
    reservationId: token,
    reservationTime: reserved,
    startTime: started,
    endTime: ended,
  } = names as {
    readonly [Name in keyof typeof names]-?: string
  }

  // Each `+?` instead of `?`: SQLite plans anew for each value of a bare parameter in a range, an order or a limit.
  const isRow = `${id} = +?`
  const idText = `cast(${id} as text)`
  // The column's own collation may take two tokens for one.
  const hasToken = `${token} = +? collate binary`
  const isHeld = `${token} is not null and ${ended} is null`
  // The user's condition stands first, so that its own numbers of parameters, if it has any, are right.
  const isWanted = where ? `(${where.sql}\n) and ` : ''
  const wanted = where?.values ?? []
  // What cannot be read as text and found again by it is left alone.
  const isDue = `${isWanted}${standings.free} and ${tries} < +? and typeof(${id}) in ('integer', 'text')`
  const standing = `case when ${standings.ended} then 'ended' when ${standings.free} then 'free'
    when ${standings.active} then 'active' else 'started' end`
  const marks = `${idText}, cast(${token} as text), ${tries}, ${standing},
    ${instants('reservationTime').inMs(reserved)}, ${instants('startTime').inMs(started)},
    ${instants('endTime').inMs(ended)}`
  const seen = `select ${marks} from ${table}`
  const update = (move: RowMoveName, on: RowStanding, values: MoveValues) =>
    `update ${table} set ${assignments(move, values)} where ${isRow}${on === 'free' ? '' : ` and ${hasToken}`} and ${standings[on]}`

  const takes = update('reserve', 'free', { token: '?' })
  const isOver = (column: 'reservationTime' | 'startTime') => `${names[column]} <= ${instants(column).limit}`

  return {
    due: (maxTries, limit) => ({
      sql: `select ${idText} from ${table} where ${isDue} order by ${tries}, ${id} limit +?`,
      values: [...wanted, maxTries, limit],
    }),
    chosen: (maxTries, key) => ({
      sql: `select ${idText} from ${table} where ${isDue} and ${isRow}`,
      values: [...wanted, maxTries, key],
    }),
    take: (key, newToken) => ({ sql: takes, values: [newToken, key] }),
    write({ id: key, token: held, on, move, error, maxTries }) {
      const { writes }: { readonly writes: Readonly<Record<string, unknown>> } = rowMoves[move]
      const tells = names.error !== undefined && writes.error === 'text'
      const sql = update(move, on, { error: '?', maxTries: String(Math.trunc(maxTries)) })
      return { sql, values: [...(tells ? [error ?? null] : []), key, held] }
    },
    seen: (key) => ({ sql: `${seen} where ${isRow}`, values: [key] }),
    row: (key) => ({ sql: `select * from ${table} where ${isRow}`, values: [key] }),
    lapsed: ({ startWithinMs, maxDurationMs, limit }) => [
      // A reservation without a time is nobody's that could tell when it is over.
      { sql: `${seen} where ${standings.active} and ${reserved} is null limit +?`, values: [limit] },
      {
        sql: `${seen} where ${standings.active} and ${isOver('reservationTime')} order by ${reserved} limit +?`,
        values: [instants('reservationTime').ago(startWithinMs), limit],
      },
      {
        sql: `${seen} where ${standings.started} and ${isOver('startTime')} order by ${started} limit +?`,
        values: [instants('startTime').ago(maxDurationMs), limit],
      },
    ],
    // First all that is held, which is little: else SQLite walks the whole table for the sake of the order.
    held: ({ prefix, after, limit }) => ({
      sql: `with held (id, token, tries, standing, reserved_at, started_at, ended_at, key) as materialized (
          select ${marks}, ${id} from ${table} where ${isHeld}
        ) select id, token, tries, standing, reserved_at, started_at, ended_at from held
        where ${prefix === undefined ? '' : 'substr(token, 1, length(+?)) = +? and '}${after === undefined ? 'true' : 'key > +?'}
        order by key limit +?`,
      values: [...(prefix === undefined ? [] : [prefix, prefix]), ...(after === undefined ? [] : [after]), limit],
    }),
    count: (maxTries) => ({
      sql: `select state, worker, count(*) from (
          select ${state(String(Math.trunc(maxTries)))} as state,
            substr(cast(${token} as text), 1, case instr(cast(${token} as text), '#') when 0 then ${uuidWorkerLength}
              else instr(cast(${token} as text), '#') - 1 end) as worker
          from ${table}${where ? ` where (${where.sql}\n)` : ''}
        ) group by 1, 2`,
      values: wanted,
    }),
  }
}
