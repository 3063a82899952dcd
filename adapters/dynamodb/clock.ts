/**
 * DynamoDB tells no time, but each of its answers has a `Date` in whole seconds. Between its question and its answer,
 * one bounds the service's clock to a second; many bound it to far less.
 */
import { StorageError } from '../../src/storage/index.ts'
import { monotonic } from './time.ts'

/** The clocks of two machines are taken to drift apart by no more than this. */
const DRIFT = 200e-6

/** The hosts of one service do not agree to the millisecond, so nothing more exact is ever said. */
const ERROR_LEAST_MS = 50

/** An answer that is older says too little: one more question is asked. */
const FRESH_MS = 10_000

export interface ServiceClock {
  /** One question and answer: when it was sent and received, on the monotonic clock, and the `Date` of the answer. */
  sample(sentAt: number, receivedAt: number, date: string | undefined): void
  /** Whether an answer came lately. */
  isFresh(): boolean
  now(): { readonly now: number; readonly error: number }
}

/** What is added to the monotonic clock to get the service's: at least `low`, at most `high`, as known at `at`. */
interface Bounds {
  readonly low: number
  readonly high: number
  readonly at: number
}

export function serviceClock(read: () => number = monotonic): ServiceClock {
  let bounds: Bounds | undefined
  return {
    sample(sentAt, receivedAt, date) {
      const second = date === undefined ? Number.NaN : Date.parse(date)
      if (Number.isNaN(second)) return
      const fresh = { low: second - receivedAt, high: second + 1000 - sentAt, at: receivedAt }
      bounds = bounds === undefined ? fresh : narrowed(aged(bounds, receivedAt), fresh)
    },
    isFresh: () => bounds !== undefined && read() - bounds.at < FRESH_MS,
    now() {
      if (bounds === undefined) {
        throw new StorageError(
          'not_usable',
          'The answers of DynamoDB have no Date, so nobody can tell the time by them',
        )
      }
      const at = read()
      const { low, high } = aged(bounds, at)
      return { now: Math.round(at + (low + high) / 2), error: Math.max(ERROR_LEAST_MS, Math.ceil((high - low) / 2)) }
    },
  }
}

/** Where two answers contradict each other, a clock was set: only the newer one counts. */
function narrowed(old: Bounds, fresh: Bounds): Bounds {
  const low = Math.max(old.low, fresh.low)
  const high = Math.min(old.high, fresh.high)
  return low <= high ? { low, high, at: fresh.at } : fresh
}

function aged({ low, high, at }: Bounds, now: number): Bounds {
  const drift = Math.max(0, now - at) * DRIFT
  return { low: low - drift, high: high + drift, at }
}
