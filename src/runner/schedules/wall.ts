/** What a clock on a wall of some time zone says, and when it first says so. Of Intl alone. */
import type { Instant } from '../../core/duration.ts'

/** What a clock on the wall says, as the instant at which one in UTC says the same. */
export type WallTime = number

const dayMs = 86_400_000

const formats = new Map<string, Intl.DateTimeFormat>()

export class Wall {
  readonly #format: Intl.DateTimeFormat

  constructor(timeZone: string) {
    const format = formats.get(timeZone) ?? formatOf(timeZone)
    formats.set(timeZone, format)
    this.#format = format
  }

  /** The latest that the clock has said up to an instant: more than it says then, if it was put back less than a day ago. */
  latest(at: Instant): WallTime {
    const change = this.#change(at - dayMs, at)
    const now = at + this.#offset(at)
    return change ? Math.max(now, change.at + change.before - 1) : now
  }

  /**
   * The first instant at which the clock says this or later: of two the first, and the end of a gap that holds it.
   * `undefined` on a day that was left out as a whole.
   */
  first(time: WallTime): Instant | undefined {
    const change = this.#change(time - dayMs, time + dayMs)
    if (!change) return time - this.#offset(time)
    const { at, before, after } = change
    if (time - before < at) return time - before
    if (time - after >= at) return time - after
    return after - before < dayMs ? at : undefined
  }

  /** The change of the clocks in a span that is so short that there is one at most. `before` and `after` are offsets. */
  #change(from: Instant, to: Instant): { at: Instant; before: number; after: number } | undefined {
    const [before, after] = [this.#offset(from), this.#offset(to)]
    if (before === after) return undefined
    let [unchanged, at] = [from, to]
    while (at - unchanged > 1) {
      const middle = Math.floor((unchanged + at) / 2)
      if (this.#offset(middle) === before) unchanged = middle
      else at = middle
    }
    return { at, before, after }
  }

  #offset(at: Instant): number {
    const parts: Record<string, number> = {}
    for (const { type, value } of this.#format.formatToParts(at)) parts[type] = Number(value)
    const { year = 0, month = 1, day, hour, minute, second } = parts
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1_000) * 1_000
  }
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const two = '2-digit'
  const fields = { year: 'numeric', month: two, day: two, hour: two, minute: two, second: two } as const
  return new Intl.DateTimeFormat('en-US', { timeZone, calendar: 'gregory', hourCycle: 'h23', ...fields })
}
