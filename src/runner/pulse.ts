/** The one timer of a worker that holds or seeks work: beats, progress, and a look at how late it is itself. */
import type { Cancel } from './clock.ts'
import type { Engine } from './engine.ts'
import type { Leases } from './leases.ts'
import type { ProgressWriter } from './progress-writer.ts'
import type { WorkerOptions } from './worker-options.ts'

const synchroniseEveryMs = 60_000
const warnEveryMs = 10_000

export class Pulse {
  readonly #engine: Engine
  readonly #leases: Leases
  readonly #progress: ProgressWriter
  readonly #tidy: () => void
  readonly #leaseMs: number
  readonly #everyMs: number
  #cancel: Cancel | undefined
  #expectedAt = 0
  #synchronisedAt: number
  #warnedAt = Number.NEGATIVE_INFINITY

  constructor(engine: Engine, options: WorkerOptions, leases: Leases, progress: ProgressWriter, tidy: () => void) {
    this.#engine = engine
    this.#leases = leases
    this.#progress = progress
    this.#tidy = tidy
    this.#leaseMs = options.leaseMs
    // Shorter than the margin of the leases, so that one pulse lies in it: a handler is told before its lease ends.
    this.#everyMs = Math.min(1_000, options.leaseMs / 12)
    this.#synchronisedAt = engine.clock.monotonic()
  }

  /** Beats from now on, if it does not already. */
  start(): void {
    if (!this.#cancel) this.#arm()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #arm(): void {
    this.#expectedAt = this.#engine.clock.monotonic() + this.#everyMs
    this.#cancel = this.#engine.clock.after(this.#everyMs, () => {
      const now = this.#engine.clock.monotonic()
      const lagMs = now - this.#expectedAt
      this.#arm()
      const endangered = lagMs > this.#leaseMs / 6
      if (endangered) this.#complain(lagMs, now)
      this.#synchronise(now)
      this.#leases.pulse(now, endangered || this.#engine.time.hasSlept())
      this.#progress.pulse()
      this.#tidy()
    })
  }

  #synchronise(now: number): void {
    const { time, health } = this.#engine
    if (now - this.#synchronisedAt < synchroniseEveryMs && !time.hasSlept()) return
    this.#synchronisedAt = now
    time.synchronise().catch((error: unknown) => health.down(error))
  }

  #complain(lagMs: number, now: number): void {
    const { notifier } = this.#engine
    notifier.tell('lag', () => ({ lagMs, leaseMs: this.#leaseMs }))
    if (now - this.#warnedAt < warnEveryMs) return
    this.#warnedAt = now
    notifier.warn(
      `The event loop stood still for ${Math.round(lagMs)} ms, and a lease lasts ${this.#leaseMs} ms: ` +
        'a handler computes too long at a stretch. Let it pause now and then, or give leases more time',
    )
  }
}
