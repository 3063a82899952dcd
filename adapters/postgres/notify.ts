/** Tells other processes that rows have become due, seldom enough to bear. */
import type { Instant } from '../../src/storage/index.ts'
import type { Names } from './names.ts'
import type { Run, Statement } from './session.ts'
import { later } from './time.ts'

/** Told of the earliest wake time of what was just written, or `null` where nothing of it wakes. */
export type Notify = (earliest: Instant | null) => Promise<void> | undefined

/**
 * Every notifying commit takes one lock of the whole server, so bursts are gathered: the first write is told of at once,
 * and what follows within this time is told of at its end.
 */
const GATHER_MS = 50

/** Empty, so that it is never too long and the server drops repetitions; only where something is due by its clock. */
function notification({ channel }: Names, earliest: Instant): Statement {
  const text = `select pg_notify($1, '') where $2::bigint <= extract(epoch from clock_timestamp()) * 1000`
  return { text, values: [channel, earliest] }
}

export interface Notifier {
  readonly notify: Notify
  /** Tells what is still to be told, and then nothing more. */
  end(): Promise<void>
}

/** On its own, after the write was acknowledged: a hint that fails or is late fails nothing and delays nothing. */
export function ownNotifier(run: Run, names: Names): Notifier {
  let gathered: Instant | null = null
  let underWay: Promise<unknown> | undefined
  let callOff: (() => void) | undefined

  function send(): void {
    if (gathered === null) return
    const sent = run(notification(names, gathered)).catch(() => {})
    gathered = null
    underWay = sent.then(() => {
      callOff = later(GATHER_MS, () => {
        underWay = undefined
        send()
      })
    })
  }

  return {
    notify(earliest) {
      if (earliest === null) return undefined
      gathered = gathered === null ? earliest : Math.min(gathered, earliest)
      if (underWay === undefined) send()
      return undefined
    },
    async end() {
      await underWay
      callOff?.()
      send()
      await underWay
      callOff?.()
    },
  }
}

/** Inside the app's transaction: sent with its commit, and never if it rolls back. */
export function notifyWithin(run: Run, names: Names): Notify {
  return async (earliest) => {
    if (earliest !== null) await run(notification(names, earliest))
  }
}

export function earliestOf(wakeTimes: readonly (Instant | null)[]): Instant | null {
  let earliest: Instant | null = null
  for (const wakeAt of wakeTimes) if (wakeAt !== null && (earliest === null || wakeAt < earliest)) earliest = wakeAt
  return earliest
}
