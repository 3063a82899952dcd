/**
 * A Reservation is one holder's fenced, time-limited claim on a task, a part or a row of the user's own table.
 *
 * For tasks it lives in the row (holder, rev, wakeAt); for the user's tables in five columns. The token is fresh for each
 * reservation and is the fence: whoever writes on behalf of a reservation writes on condition of its token.
 */
import type { Instant } from './duration.ts'

interface ReservationBase {
  readonly token: string
  readonly holder: string
  readonly reservedAt: Instant
}

/** Reserved, not begun; lapses when it is not begun by `startBy`. */
export interface ActiveReservation extends ReservationBase {
  readonly state: 'active'
  readonly startBy: Instant
}

/** Begun; lapses at `expiresAt` unless it is extended. */
export interface StartedReservation extends ReservationBase {
  readonly state: 'started'
  readonly startedAt: Instant
  readonly expiresAt: Instant
}

/** Ended by its holder, with a good end or a bad one. */
export interface ReleasedReservation extends ReservationBase {
  readonly state: 'released'
  readonly good: boolean
  readonly endedAt: Instant
}

/** Ended by time: `expired`; or taken back by somebody else, as a cancel does: `revoked`. */
export interface LostReservation extends ReservationBase {
  readonly state: 'expired' | 'revoked'
  readonly endedAt: Instant
}

export type Reservation = ActiveReservation | StartedReservation | ReleasedReservation | LostReservation

/** Every move a reservation makes, with what makes it. */
export const reservationMoves = {
  active: {
    started: 'start',
    released: 'given up before its start',
    expired: 'it was not begun in time',
    revoked: 'taken back, as by a cancel',
  },
  started: {
    started: 'a sign of life moves its end',
    released: 'its holder is done',
    expired: 'no sign of life in time',
    revoked: 'taken back, as by a cancel',
  },
  released: {},
  expired: {},
  revoked: {},
} as const satisfies Record<Reservation['state'], Partial<Record<Reservation['state'], string>>>

export function reserve(
  facts: { readonly token: string; readonly holder: string; readonly startWithinMs: number },
  now: Instant,
): ActiveReservation {
  const { token, holder, startWithinMs } = facts
  return { state: 'active', token, holder, reservedAt: now, startBy: now + startWithinMs }
}

export function start(reservation: ActiveReservation, maxDurationMs: number, now: Instant): StartedReservation {
  const { token, holder, reservedAt } = reservation
  return { state: 'started', token, holder, reservedAt, startedAt: now, expiresAt: now + maxDurationMs }
}

/** A sign of life: the end moves to `now + maxDurationMs`, and never back. */
export function extend(reservation: StartedReservation, maxDurationMs: number, now: Instant): StartedReservation {
  return { ...reservation, expiresAt: Math.max(reservation.expiresAt, now + maxDurationMs) }
}

/** Its holder is done with it. Given up before the start, it is released as not good, and no try was counted. */
export function release(
  reservation: ActiveReservation | StartedReservation,
  good: boolean,
  now: Instant,
): ReleasedReservation {
  const { token, holder, reservedAt } = reservation
  return { state: 'released', token, holder, reservedAt, good: good && reservation.state === 'started', endedAt: now }
}

/** Expired means `now >= limit`, as a lease is over when `now >= wakeAt`. */
export function hasExpired(reservation: ActiveReservation | StartedReservation, now: Instant): boolean {
  return now >= (reservation.state === 'active' ? reservation.startBy : reservation.expiresAt)
}

export function lose(
  reservation: ActiveReservation | StartedReservation,
  how: 'expired' | 'revoked',
  now: Instant,
): LostReservation {
  const { token, holder, reservedAt } = reservation
  return { state: how, token, holder, reservedAt, endedAt: now }
}
