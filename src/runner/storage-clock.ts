/** The storage's time: what all processes on one storage agree on, whatever their own clocks say. */
import type { Instant } from '../core/duration.ts'
import type { Storage } from '../storage/storage.ts'
import type { Clock } from './clock.ts'

/** How far the wall clock and the monotonic one may come apart before the machine is taken to have slept. */
const sleepMs = 1_000

/**
 * The storage's clock, read at the start and then carried on by the monotonic clock; read again now and then, and after
 * a machine's sleep. It never goes backwards: where the storage's clock steps back (a fail-over), this one stands still
 * until it is caught up with. A storage that only this process can reach has this process's clock.
 */
export class StorageClock {
  readonly #clock: Clock
  /** Nothing where only this process can reach the storage: then this process's clock is the storage's. */
  readonly #ask: Storage['now']
  #base: Instant
  #baseMonotonic: number
  #wallOffset: number
  #latest: Instant = 0
  #errorMs = 0

  constructor(storage: Storage, clock: Clock) {
    this.#ask = storage.traits.shared ? storage.now?.bind(storage) : undefined
    this.#clock = clock
    this.#base = clock.now()
    this.#baseMonotonic = clock.monotonic()
    this.#wallOffset = this.#base - this.#baseMonotonic
  }

  now(): Instant {
    if (!this.#ask) return this.#clock.now()
    const elapsed = this.#clock.monotonic() - this.#baseMonotonic
    this.#latest = Math.max(this.#latest, Math.floor(this.#base + elapsed))
    return this.#latest
  }

  /** How far the storage's own clock may be off. */
  get errorMs(): number {
    return this.#errorMs
  }

  /** Asks the storage. The answer was true somewhere between question and reply: the middle is taken. */
  async synchronise(): Promise<void> {
    if (this.#ask) {
      const asked = this.#clock.monotonic()
      const { now, error } = await this.#ask()
      const answered = this.#clock.monotonic()
      this.#base = now + (answered - asked) / 2
      this.#baseMonotonic = answered
      this.#errorMs = error
    }
    this.#wallOffset = this.#clock.now() - this.#clock.monotonic()
  }

  /** Whether the machine slept, or somebody set its clock, since the last synchronisation: leases may be over. */
  hasSlept(): boolean {
    return Math.abs(this.#clock.now() - this.#clock.monotonic() - this.#wallOffset) > sleepMs
  }
}
