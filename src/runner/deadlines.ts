/** Many deadlines on one timer: an attempt must not cost a timer of its own. */
import type { Cancel, Clock } from './clock.ts'

/** Calls back for each thing whose time has come, unless it was taken out before. Times are monotonic. */
export class Deadlines<Thing extends object> {
  readonly #clock: Clock
  readonly #due = new Map<Thing, { readonly at: number; readonly callback: () => void }>()
  #timer: { readonly at: number; readonly cancel: Cancel } | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** One deadline a thing: a new one replaces the old. */
  set(thing: Thing, delayMs: number, callback: () => void): void {
    const at = this.#clock.monotonic() + delayMs
    this.#due.set(thing, { at, callback })
    if (!this.#timer || at < this.#timer.at) this.#arm(at)
  }

  delete(thing: Thing): void {
    // The timer is left as it is: one call for nothing is cheaper than a timer for each attempt.
    if (this.#due.delete(thing) && this.#due.size === 0) this.#disarm()
  }

  #arm(at: number): void {
    this.#disarm()
    const cancel = this.#clock.after(Math.max(0, at - this.#clock.monotonic()), () => this.#fire())
    this.#timer = { at, cancel }
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #fire(): void {
    this.#timer = undefined
    const now = this.#clock.monotonic()
    const callbacks: (() => void)[] = []
    let next = Number.POSITIVE_INFINITY
    for (const [thing, { at, callback }] of this.#due) {
      if (at <= now) {
        this.#due.delete(thing)
        callbacks.push(callback)
      } else {
        next = Math.min(next, at)
      }
    }
    if (next < Number.POSITIVE_INFINITY) this.#arm(next)
    for (const callback of callbacks) callback()
  }
}
