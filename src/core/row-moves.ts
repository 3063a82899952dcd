/**
 * A reservation on a row of the user's own table: what its columns say, and what each move writes in them.
 *
 * The {@link reservationMoves} of a reservation are the law; this table says how they look in columns. A source (a table,
 * a collection) renders it and decides nothing: it writes on condition of the token and of where the reservation stands.
 */
import type { Instant } from './duration.ts'

/** The columns that the user names. The last two may be absent. */
export type ReservationColumn =
  | 'reservationId'
  | 'reservationTime'
  | 'reservationTimes'
  | 'startTime'
  | 'endTime'
  | 'success'
  | 'error'

/**
 * - `free`: no reservation and no end; it may be reserved while tries are left.
 * - `active`: reserved, not started.
 * - `started`: started, not ended.
 * - `ended`: it has an end, which is a good one.
 */
export type RowStanding = 'free' | 'active' | 'started' | 'ended'

/** What the columns of a row say. */
export interface RowMarks {
  readonly standing: RowStanding
  /** The reservation id: the fence. It stays with a row that has ended. */
  readonly token: string | null
  /** How often it was started. */
  readonly tries: number
  readonly reservedAt: Instant | null
  readonly startedAt: Instant | null
  readonly endedAt: Instant | null
}

/** Where a row stands, by which of its columns hold something. An end counts before a reservation. */
export function standingOf(has: {
  readonly reservationId: boolean
  readonly startTime: boolean
  readonly endTime: boolean
}): RowStanding {
  if (has.endTime) return 'ended'
  if (!has.reservationId) return 'free'
  return has.startTime ? 'started' : 'active'
}

/**
 * What is written in a column: the token, the database's time, nothing at all (`null`), one more than there is, the limit
 * of tries, the error's text.
 */
export type ColumnWrite = 'token' | 'now' | 'one more' | 'the limit' | 'text' | true | false | null

/** A move of a row: on which standings it may be made, and what it writes. Columns that are left out stay. */
export interface RowMove {
  readonly on: readonly RowStanding[]
  readonly writes: Readonly<Partial<Record<ReservationColumn, ColumnWrite>>>
}

const unreserved = { reservationId: null, reservationTime: null, startTime: null, endTime: null } as const

/** Times are the database's; tries count starts; a failed row is free again, so that it need not wait for its limit. */
export const rowMoves = {
  /** `active` begins (P19). */
  reserve: {
    on: ['free'],
    writes: { reservationId: 'token', reservationTime: 'now', startTime: null, endTime: null },
  },
  /** `active` -> `started` (P17). */
  start: { on: ['active'], writes: { startTime: 'now', reservationTimes: 'one more' } },
  /** `started` -> `released`, with a good end (P18). The reservation id stays: it says who did it. */
  complete: { on: ['started'], writes: { endTime: 'now', success: true, error: null } },
  /** `started` -> `released`, with a bad end: the row is free again. */
  fail: { on: ['started'], writes: { ...unreserved, success: false, error: 'text' } },
  /** The same, and it is not to be tried again: of the five columns only the tries can say so. */
  fail_for_good: {
    on: ['started'],
    writes: { ...unreserved, reservationTimes: 'the limit', success: false, error: 'text' },
  },
  /** `active` -> `released`: given back before its start; no try was counted. */
  give_back: { on: ['active'], writes: unreserved },
  /** `active` or `started` -> `expired` (P16), and what the app's own `relaunching` names -> `revoked`; tries stay. */
  relaunch: { on: ['active', 'started', 'ended'], writes: unreserved },
  /** A `started` one -> `expired`: nobody will ever say how it ended. */
  expire: { on: ['started'], writes: { ...unreserved, success: false, error: 'text' } },
} as const satisfies Record<string, RowMove>

export type RowMoveName = keyof typeof rowMoves

/** What a row is to a report: with no reservation and no end, whether there are tries left makes the difference (P24). */
export type RowState = 'pending' | 'reserved' | 'running' | 'completed' | 'failed'

export function rowState({ standing, tries }: Pick<RowMarks, 'standing' | 'tries'>, maxTries: number): RowState {
  switch (standing) {
    case 'free':
      return tries < maxTries ? 'pending' : 'failed'
    case 'active':
      return 'reserved'
    case 'started':
      return 'running'
    case 'ended':
      return 'completed'
  }
}
