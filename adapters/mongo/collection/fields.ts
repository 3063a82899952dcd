/** The moves of a reservation in the fields that the app named: filters, conditions and assignments. */
import type { Document } from 'mongodb'
import {
  type ColumnWrite,
  type ReservationColumn,
  type RowChange,
  type RowMoveName,
  type RowStanding,
  reservationColumns,
  rowMoves,
} from '../../../src/storage/index.ts'
import type { CheckedCollection } from './options.ts'

/** What holds a place of its own in an index: see {@link file://./indexes.ts}. A token is never the empty text. */
export const ANY_TOKEN = { $gt: '' }

/** What a move is given. */
export type MoveValues = Pick<Partial<RowChange>, 'token' | 'error' | 'maxTries'>

export interface Fields {
  readonly columns: CheckedCollection
  /** Free and with tries left. A count of tries that is no number is below nothing. */
  free(maxTries: number): Document
  /** As an expression: nothing of the app's own stands where a path has to go through. */
  readonly paths: Document
  /** As an expression: whether a document stands there. */
  readonly standings: Readonly<Record<RowStanding, Document>>
  /** As an expression: how often it was started. */
  readonly tries: Document
  /** What `$set` of an update pipeline takes. */
  assignments(move: RowMoveName, values: MoveValues): Document
  /** What is read of a document of which the app's own fields are of no interest. */
  readonly projection: Document
}

export function fieldsOf(columns: CheckedCollection): Fields {
  const { id, reservationId, reservationTimes, startTime, endTime } = columns
  const tries = { $ifNull: [`$${reservationTimes}`, 0] }
  const isNull = (path: string) => ({ $eq: [{ $ifNull: [`$${path}`, null] }, null] })
  const isSet = (path: string) => ({ $ne: [{ $ifNull: [`$${path}`, null] }, null] })
  const named = reservationColumns.flatMap((column) => columns[column] ?? [])

  const written = (write: ColumnWrite, values: MoveValues): unknown => {
    switch (write) {
      case 'now':
        return '$$NOW'
      case 'one more':
        return { $add: [tries, 1] }
      case 'the limit':
        return { $max: [tries, values.maxTries] }
      case 'token':
        return { $literal: values.token }
      case 'text':
        return { $literal: values.error ?? null }
      default:
        return { $literal: write }
    }
  }

  return {
    columns,
    free: (maxTries) => ({
      [reservationId]: null,
      [endTime]: null,
      $or: [{ [reservationTimes]: null }, { [reservationTimes]: { $lt: maxTries } }],
    }),
    // `$set` makes an object of what stands in its way, and writes into every entry of an array.
    paths: {
      $and: parentsOf(named).map((path) => ({
        $in: [{ $type: `$${path}` }, ['missing', 'null', 'undefined', 'object']],
      })),
    },
    standings: {
      free: { $and: [isNull(reservationId), isNull(endTime)] },
      active: { $and: [isSet(reservationId), isNull(startTime), isNull(endTime)] },
      started: { $and: [isSet(reservationId), isSet(startTime), isNull(endTime)] },
      ended: isSet(endTime),
    },
    tries,
    assignments: (move, values) =>
      Object.fromEntries(
        (Object.entries(rowMoves[move].writes) as [ReservationColumn, ColumnWrite][]).flatMap(([column, write]) => {
          const path = columns[column]
          return path === undefined ? [] : [[path, written(write, values)]]
        }),
      ),
    projection: { _id: 0, ...Object.fromEntries([id, ...named].map((path) => [path, 1])) },
  }
}

/** What has to be an object, or not there, for these paths to be written: `a` and `a.b` for `a.b.c`. */
export function parentsOf(paths: readonly string[]): string[] {
  const parents = paths.flatMap((path) => {
    const steps = path.split('.')
    return steps.slice(1).map((_, at) => steps.slice(0, at + 1).join('.'))
  })
  return [...new Set(parents)]
}
