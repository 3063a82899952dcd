/** When ticks should be, by walking from minute to minute with a clock that Intl alone has set. Knows no croner. */
export const minuteMs = 60_000
export const dayMs = 86_400_000

/** The clocks of a zone are changed at `at`, from one offset to another. */
export interface Change {
  readonly at: number
  readonly before: number
  readonly after: number
}

/** What Intl knows of one zone over some years. */
export class ZoneOracle {
  readonly changes: readonly Change[]
  readonly #format: Intl.DateTimeFormat
  readonly #first: number

  constructor(timeZone: string, from: number, to: number) {
    this.#format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
    this.#first = this.#offset(from)
    const changes: Change[] = []
    const stepMs = 5 * dayMs
    for (let [at, before] = [from, this.#first]; at < to; at += stepMs) {
      const after = this.#offset(at + stepMs)
      if (after !== before) changes.push({ at: this.#search(at, at + stepMs, before), before, after })
      before = after
    }
    this.changes = changes
  }

  /** Zones with equal text have the same clocks. */
  get profile(): string {
    return JSON.stringify([this.#first, this.changes])
  }

  /** What the clock on the wall says, as the instant at which one in UTC says the same. */
  wall(at: number): number {
    const last = this.changes.findLast((change) => change.at <= at)
    return at + (last?.after ?? this.#first)
  }

  /** Each minute at which the clock on the wall says what fits. */
  fitting(from: number, to: number, fits: (wall: Date) => boolean): number[] {
    const found: number[] = []
    for (let at = from; at < to; at += minuteMs) if (fits(new Date(this.wall(at)))) found.push(at)
    return found
  }

  /** For each day on the wall: the first minute at which it is so late, or later. */
  daily(from: number, to: number, minuteOfDay: number): number[] {
    const found: number[] = []
    const first = Math.floor(this.wall(from) / dayMs) * dayMs + minuteOfDay * minuteMs
    let at = from
    for (let wanted = first; ; wanted += dayMs) {
      while (at < to && this.wall(at) < wanted) at += minuteMs
      if (at >= to) return found
      // One that is past when the walk begins belongs to what was before.
      if (at > from) found.push(at)
    }
  }

  #offset(at: number): number {
    return Date.parse(`${this.#format.format(at).replace(' ', 'T')}Z`) - at
  }

  #search(from: number, to: number, before: number): number {
    let [same, other] = [from, to]
    while (other - same > minuteMs) {
      const middle = same + Math.floor((other - same) / 2 / minuteMs) * minuteMs
      if (this.#offset(middle) === before) same = middle
      else other = middle
    }
    return other
  }
}
