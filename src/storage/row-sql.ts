/** What all sources in SQL have in common: conditions and assignments, in the user's own column names. */
import {
  type ColumnWrite,
  type ReservationColumn,
  type RowMoveName,
  type RowStanding,
  rowMoves,
} from '../core/row-moves.ts'
import { type ReservationColumns, reservationColumns } from './column-map.ts'

/** How one database writes things down. */
export interface RowDialect {
  /** The one function that quotes a name: whatever is in it, it stays one name. */
  quoted(name: string): string
  /** The database's time as this column keeps it. */
  now(column: ReservationColumn): string
  /** A truth value as this column keeps it. */
  truth(value: boolean, column: ReservationColumn): string
}

/** What stands for the values that a move is given: placeholders, or columns of a list of values. */
export interface MoveValues {
  readonly token?: string
  readonly error?: string
  readonly maxTries?: string
}

export interface RowSql {
  /** A column's name, quoted; `undefined` for one that the user does not have. */
  readonly names: Readonly<Partial<Record<ReservationColumn, string>>>
  /** How often the row was started: 0 where nothing is written yet. */
  readonly tries: string
  /** Whether a row stands there. */
  readonly standings: Readonly<Record<RowStanding, string>>
  /** What a row is to a report: the text of a `RowState`. */
  state(maxTries: string): string
  /** What comes behind `set`. */
  assignments(move: RowMoveName, values: MoveValues): string
}

export function rowSql(columns: ReservationColumns, dialect: RowDialect): RowSql {
  const names: Partial<Record<ReservationColumn, string>> = {}
  for (const column of reservationColumns) {
    const name = columns[column]
    if (name !== undefined) names[column] = dialect.quoted(name)
  }
  const { reservationId, startTime, endTime } = names
  const tries = `coalesce(${names.reservationTimes}, 0)`

  const written = (column: ReservationColumn, write: ColumnWrite, values: MoveValues): string => {
    switch (write) {
      case null:
        return 'null'
      case true:
      case false:
        return dialect.truth(write, column)
      case 'now':
        return dialect.now(column)
      case 'one more':
        return `${tries} + 1`
      case 'the limit':
        return `case when ${tries} < ${values.maxTries} then ${values.maxTries} else ${tries} end`
      case 'token':
        return String(values.token)
      case 'text':
        return String(values.error)
    }
  }

  const standings = {
    free: `${reservationId} is null and ${endTime} is null`,
    active: `${reservationId} is not null and ${startTime} is null and ${endTime} is null`,
    started: `${reservationId} is not null and ${startTime} is not null and ${endTime} is null`,
    ended: `${endTime} is not null`,
  }
  return {
    names,
    tries,
    standings,
    state: (maxTries) => `case when ${standings.ended} then 'completed' when ${standings.started} then 'running'
      when ${standings.active} then 'reserved' when ${tries} < ${maxTries} then 'pending' else 'failed' end`,
    assignments: (move, values) =>
      (Object.entries(rowMoves[move].writes) as [ReservationColumn, ColumnWrite][])
        .flatMap(([column, write]) => (names[column] ? [`${names[column]} = ${written(column, write, values)}`] : []))
        .join(', '),
  }
}
