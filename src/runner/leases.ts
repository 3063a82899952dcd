/** Keeps the leases of all that this process holds, in one extend, and tells a handler when its own is gone. */
import { LeaseLostError } from '../core/errors.ts'
import type { Attempt } from './attempt.ts'
import type { Engine } from './engine.ts'
import { slices } from './slices.ts'

export class Leases {
  readonly #engine: Engine
  readonly #held: ReadonlyMap<string, Attempt>
  readonly #leaseMs: number
  readonly #abort: (attempt: Attempt, reason: Error) => void
  #beating: Promise<void> | undefined
  /** The machine slept, and the storage was not heard since. */
  #inDoubt = false
  #beatAt = Number.NEGATIVE_INFINITY

  constructor(
    engine: Engine,
    held: ReadonlyMap<string, Attempt>,
    leaseMs: number,
    abort: (attempt: Attempt, reason: Error) => void,
  ) {
    this.#engine = engine
    this.#held = held
    this.#leaseMs = leaseMs
    this.#abort = abort
  }

  /** How long before its lease ends a handler is told to stop, when nothing could be heard from the storage. */
  get marginMs(): number {
    return this.#leaseMs / 10
  }

  /** Extends when a third of the lease has passed; after a failure, again at the next pulse. */
  pulse(now: number, force: boolean): void {
    // A beat that hangs must not keep anybody from being told.
    if (!this.#beating && (force || now - this.#beatAt >= this.#leaseMs / 3)) void this.beat()
    else this.#abortLapsed()
  }

  beat(): Promise<void> {
    this.#beating ??= this.#extend().finally(() => {
      this.#beating = undefined
      this.#inDoubt = false
    })
    return this.#beating
  }

  /**
   * To be awaited before a claim: a worker whose machine slept, or which stood still past its beat, would otherwise find
   * its own tasks lapsed, and run them beside themselves.
   */
  async confirm(): Promise<void> {
    const { time, clock } = this.#engine
    if (this.#inDoubt) await this.#beating
    if (this.#held.size === 0) return
    if (!time.hasSlept() && clock.monotonic() - this.#beatAt < (this.#leaseMs * 2) / 3) return
    // One that is under way may have begun before.
    await this.#beating
    await this.beat()
  }

  async #extend(): Promise<void> {
    const { storage, time, health, clock } = this.#engine
    const beganAt = clock.monotonic()
    try {
      this.#inDoubt = time.hasSlept()
      // By the time of before the sleep, a lease would be over as soon as it is given.
      if (this.#inDoubt) await time.synchronise()
      const attempts = [...this.#held.values()].filter(
        ({ phase, writing }) => (phase === 'waiting' || phase === 'running') && !writing,
      )
      for (const batch of slices(attempts, storage.traits.batchMax)) {
        const rows = batch.map(({ row }) => row)
        // The lease counts from before the call: how long the answer takes is not ours to use.
        const until = time.now() + this.#leaseMs
        const kept = await storage.extend(rows, until)
        health.up()
        batch.forEach((attempt, index) => {
          // Written or ended while the beat was under way: then the beat's answer is about an older rev.
          if (attempt.row !== rows[index] || attempt.writing || attempt.phase === 'ended') return
          if (kept[index]) attempt.leaseEndsAt = until
          else this.lose(attempt)
        })
      }
      this.#beatAt = beganAt
    } catch (error) {
      health.down(error)
      this.#abortLapsed()
    }
  }

  /** The storage said that the row is not ours any more. */
  lose(attempt: Attempt): void {
    attempt.phase = 'lost'
    this.#abort(attempt, new LeaseLostError('Somebody else has this task now: it was cancelled, or its lease ran out'))
  }

  /** The row may still be ours, so the outcome will be offered; but others may claim it from now on. */
  #abortLapsed(): void {
    const limit = this.#engine.time.now() + this.marginMs
    for (const attempt of this.#held.values()) {
      if (attempt.phase === 'running' && attempt.leaseEndsAt <= limit && !attempt.abortReason) {
        this.#abort(attempt, new LeaseLostError('The lease could not be extended in time: the storage does not answer'))
      }
    }
  }
}
