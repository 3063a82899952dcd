/** Getting through a storage's outage: the same call again, later each time, with jitter, and one word about it. */

import { messageOf } from '../core/error-record.ts'
import { PieceworkError } from '../core/errors.ts'
import { StorageError } from '../storage/storage-error.ts'
import type { Clock } from './clock.ts'
import type { Notifier } from './events.ts'

const firstDelayMs = 50
// Short enough that work resumes within 5 s of the storage's return, long enough to leave it alone meanwhile.
const maxDelayMs = 4_000
const warnEveryMs = 10_000

/** How often a storage that fails is asked before a caller who waits is told. */
const triesForCaller = 4

/** A storage may be busy for so long, with the app's own transaction for one, without anybody's having to know. */
const busyMs = 5_000

/** What is known of the storage's health, shared by all that one instance does with it. */
export class Health {
  readonly #clock: Clock
  readonly #notifier: Notifier
  readonly #random: () => number
  readonly #what: string
  readonly #pauses = new Set<() => void>()
  #downSince: number | undefined
  /** Whether anybody was told that it is down. */
  #told = false
  #warnedAt = Number.NEGATIVE_INFINITY

  /** `what` it is the health of, as a log line begins with it. */
  constructor(clock: Clock, notifier: Notifier, random: () => number, what = 'The storage') {
    this.#what = what
    this.#clock = clock
    this.#notifier = notifier
    this.#random = random
  }

  /** A call went through. */
  up(): void {
    if (this.#downSince === undefined) return
    const downMs = this.#clock.monotonic() - this.#downSince
    this.#downSince = undefined
    if (!this.#told) return
    this.#told = false
    this.#notifier.tell('storage_up', () => ({ downMs }))
    this.#notifier.info(`${this.#what} answers again after ${Math.round(downMs)} ms`)
  }

  /** A call failed. Says so at the first time, and then at most every 10 s; of a storage that is busy, if it stays so. */
  down(error: unknown): void {
    const now = this.#clock.monotonic()
    this.#downSince ??= now
    if (error instanceof StorageError && error.code === 'busy' && now - this.#downSince < busyMs) return
    if (!this.#told) {
      this.#told = true
      this.#notifier.tell('storage_down', () => ({ error }))
    }
    if (now - this.#warnedAt < warnEveryMs) return
    this.#warnedAt = now
    this.#notifier.warn(`${this.#what} fails, going on trying: ${messageOf(error)}`)
  }

  /** How long to wait after so many failures in a row: doubling, capped, anywhere in the upper half. */
  delayMs(failures: number): number {
    return Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(failures - 1, 20)) * (0.5 + this.#random() / 2)
  }

  /**
   * Calls until it goes through, or until `giveUp` says that so many failures are enough; then the last error is thrown.
   * Every call must be safe to repeat: the contract's inserts and applies are.
   */
  async through<T>(call: () => T | Promise<T>, giveUp: (failures: number) => boolean): Promise<T> {
    let last: { readonly error: unknown } | undefined
    for (let failures = 0; !giveUp(failures); ) {
      try {
        const answer = await call()
        this.up()
        return answer
      } catch (error) {
        // Ours: not the storage's fault, and the same at the next try.
        if (error instanceof PieceworkError) throw error
        this.down(error)
        last = { error }
        failures++
        if (!giveUp(failures)) await this.pause(this.delayMs(failures))
      }
    }
    throw last ? last.error : new PieceworkError('stopped', 'This instance was stopped')
  }

  /** A few times only: for a caller who waits for the answer. @throws the last error. */
  few<T>(call: () => T | Promise<T>): Promise<T> {
    return this.through(call, (failures) => failures >= triesForCaller)
  }

  /**
   * The same with an error that a caller can use.
   * @throws PieceworkError `storage_failed` with the ids; any PieceworkError of `call` as it is.
   */
  async answer<T>(
    to: { readonly doing: string; readonly ids: readonly string[] },
    call: () => T | Promise<T>,
  ): Promise<T> {
    try {
      return await this.few(call)
    } catch (cause) {
      if (cause instanceof PieceworkError) throw cause
      throw new PieceworkError('storage_failed', `The storage failed while ${to.doing}`, { cause, ids: to.ids })
    }
  }

  /** Waits, unless {@link endPauses} is called: whoever waits has to see for itself what to do then. */
  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel()
        this.#pauses.delete(end)
        resolve()
      }
      const cancel = this.#clock.after(delayMs, end)
      this.#pauses.add(end)
    })
  }

  /** No timer outlives a stop. */
  endPauses(): void {
    for (const end of this.#pauses) end()
  }
}
