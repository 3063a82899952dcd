/** Wakes the worker when something that this process knows of becomes due, instead of at the next poll. */
import type { Cancel, Clock } from './clock.ts'
import type { StorageClock } from './storage-clock.ts'

/** Instants are rounded up to this. */
const roundMs = 4

/** How many instants are remembered. Beyond them polling is early enough. */
const maxInstants = 64

export class Alarm {
  readonly #clock: Clock
  readonly #time: StorageClock
  readonly #ring: () => void
  /** Ascending. */
  #instants: number[] = []
  #cancel: Cancel | undefined

  constructor(clock: Clock, time: StorageClock, ring: () => void) {
    this.#clock = clock
    this.#time = time
    this.#ring = ring
  }

  /** Something is due at this instant. Many within a few milliseconds are one. */
  set(instant: number): void {
    const rounded = Math.ceil(instant / roundMs) * roundMs
    const place = this.#instants.findIndex((known) => known >= rounded)
    if (place === -1) {
      if (this.#instants.length === maxInstants) return
      this.#instants.push(rounded)
    } else {
      if (this.#instants[place] === rounded) return
      this.#instants.splice(place, 0, rounded)
      this.#instants.length = Math.min(this.#instants.length, maxInstants)
    }
    if (this.#instants[0] === rounded) this.#arm()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#instants = []
  }

  #arm(): void {
    this.#cancel?.()
    const first = this.#instants[0]
    if (first === undefined) return
    this.#cancel = this.#clock.after(Math.max(0, first - this.#time.now()), () => {
      // A timer may fire a moment early; the storage would have nothing to give before the instant has come.
      const early = this.#time.now() < first
      if (!early) this.#instants.shift()
      this.#arm()
      if (!early) this.#ring()
    })
  }
}
