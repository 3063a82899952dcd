/** Reservations: their moves, and when they lapse. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  extend,
  hasExpired,
  lose,
  type Reservation,
  release,
  reservationMoves,
  reserve,
  start,
} from '../../src/core/reservation.ts'

const now = 1_800_000_000_000
const facts = { token: 't1', holder: 'worker#1', startWithinMs: 900 }

const anyStep = fc.record({
  does: fc.constantFrom('start' as const, 'extend' as const, 'release' as const, 'expire' as const, 'revoke' as const),
  waitMs: fc.integer({ min: 0, max: 1_000 }),
  maxDurationMs: fc.integer({ min: 1, max: 1_000 }),
  good: fc.boolean(),
})
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never

/** What a step makes of a reservation; the same where it cannot be. */
function step(reservation: Reservation, { does, maxDurationMs, good }: Step, at: number): Reservation {
  if (reservation.state !== 'active' && reservation.state !== 'started') return reservation
  if (does === 'release') return release(reservation, good, at)
  if (does === 'expire') return hasExpired(reservation, at) ? lose(reservation, 'expired', at) : reservation
  if (does === 'revoke') return lose(reservation, 'revoked', at)
  if (does === 'start') return reservation.state === 'active' ? start(reservation, maxDurationMs, at) : reservation
  return reservation.state === 'started' ? extend(reservation, maxDurationMs, at) : reservation
}

describe('a reservation', () => {
  test('never moves outside reservationMoves, keeps its token, and its end never moves back', () => {
    fc.assert(
      fc.property(fc.array(anyStep), (steps) => {
        let at = now
        let reservation: Reservation = reserve(facts, now)
        for (const next of steps) {
          at += next.waitMs
          const moved = step(reservation, next, at)
          if (moved !== reservation) expect(reservationMoves[reservation.state]).toHaveProperty(moved.state)
          expect(moved).toMatchObject({ token: 't1', holder: 'worker#1', reservedAt: now })
          if (moved.state === 'started' && reservation.state === 'started') {
            expect(moved.expiresAt).toBeGreaterThanOrEqual(reservation.expiresAt)
          }
          reservation = moved
        }
      }),
    )
  })

  test('has lapsed at its limit and not before: to be started, then to be ended', () => {
    const active = reserve(facts, now)
    expect(active).toEqual({ state: 'active', token: 't1', holder: 'worker#1', reservedAt: now, startBy: now + 900 })
    expect([899, 900, 901].map((ms) => hasExpired(active, now + ms))).toEqual([false, true, true])
    const started = start(active, 500, now + 100)
    expect(started).toMatchObject({ state: 'started', startedAt: now + 100, expiresAt: now + 600 })
    expect([599, 600].map((ms) => hasExpired(started, now + ms))).toEqual([false, true])
    expect(hasExpired(extend(started, 500, now + 300), now + 799)).toBe(false)
    expect(extend(started, 10, now + 300).expiresAt).toBe(now + 600)
  })

  test('says how it ended, and holds nothing of how it ran', () => {
    const started = start(reserve(facts, now), 500, now)
    const base = { token: 't1', holder: 'worker#1', reservedAt: now, endedAt: now + 5 }
    expect(release(started, true, now + 5)).toEqual({ ...base, state: 'released', good: true })
    expect(lose(started, 'revoked', now + 5)).toEqual({ ...base, state: 'revoked' })
    expect(lose(started, 'expired', now + 5)).toEqual({ ...base, state: 'expired' })
  })
})
