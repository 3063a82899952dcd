/** Durations and instants as callers give them: milliseconds or `'5m'`, epoch milliseconds or a Date. */
import { expected } from './expect.ts'

/** Milliseconds since 1970-01-01 UTC. */
export type Instant = number

/** Milliseconds, or a number with a unit: `'250ms'`, `'30s'`, `'5m'`, `'1.5h'`, `'7d'`, `'2w'`. */
export type Duration = number | `${number}${Unit}`

type Unit = 'ms' | 's' | 'm' | 'h' | 'd' | 'w'

const unitMs: Record<Unit, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** Ten years: no delay, lease or timeout is longer. A longer one is a mistake in the unit. */
export const maxDurationMs = 3_660 * unitMs.d

/** Instants from 2000 to 9999: earlier is a date in seconds or a zero, later a unit gone wrong. */
export const minInstant: Instant = 946_684_800_000
export const maxInstant: Instant = 253_402_300_799_999

/**
 * A duration in whole milliseconds.
 * @throws TypeError on anything else, on NaN, and outside `minMs` to ten years.
 */
export function durationMs(option: string, value: unknown, minMs = 0): number {
  const given = typeof value === 'string' ? parse(value) : value
  if (typeof given === 'number' && given >= minMs && given <= maxDurationMs) return Math.ceil(given)
  const least = minMs === 0 ? '0' : `${minMs} ms`
  throw expected(option, `milliseconds or a duration like '5m', from ${least} to ten years`, value)
}

/**
 * An instant in epoch milliseconds.
 * @throws TypeError on anything but a valid Date or a number within the years 2000 to 9999.
 */
export function instant(option: string, value: unknown): Instant {
  const given = value instanceof Date ? value.getTime() : value
  if (typeof given === 'number' && given >= minInstant && given <= maxInstant) return Math.ceil(given)
  throw expected(option, 'a Date or epoch milliseconds in the years 2000 to 9999', value)
}

const shape = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d|w)$/

function parse(text: string): number {
  const match = shape.exec(text)
  return match ? Number(match[1]) * unitMs[match[2] as Unit] : Number.NaN
}
