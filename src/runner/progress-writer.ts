/** Stores what running handlers report, all of it in one apply, about once a second. */
import { nextRow, writtenRow } from '../storage/codec.ts'
import type { Change } from '../storage/storage.ts'
import type { Attempt } from './attempt.ts'
import type { Engine } from './engine.ts'
import { slices } from './slices.ts'

export class ProgressWriter {
  readonly #engine: Engine
  readonly #held: ReadonlyMap<string, Attempt>
  readonly #leaseMs: number
  readonly #lose: (attempt: Attempt) => void

  constructor(engine: Engine, held: ReadonlyMap<string, Attempt>, leaseMs: number, lose: (attempt: Attempt) => void) {
    this.#engine = engine
    this.#held = held
    this.#leaseMs = leaseMs
    this.#lose = lose
  }

  /** Progress is an apply: fenced like an outcome, and a lease extension on the way. */
  pulse(): void {
    const dirty = [...this.#held.values()].filter(
      ({ dirty, phase, writing }) => dirty && phase === 'running' && !writing,
    )
    for (const batch of slices(dirty, this.#engine.storage.traits.batchMax)) {
      const writing = this.#write(batch)
      for (const attempt of batch) attempt.writing = writing
    }
  }

  async #write(attempts: readonly Attempt[]): Promise<void> {
    const { storage, time, health } = this.#engine
    const until = time.now() + this.#leaseMs
    const changes = attempts.map((attempt): Change => {
      attempt.dirty = false
      const { row } = attempt
      const task = { ...attempt.task, wakeAt: until, logs: [...attempt.logs] }
      return { row, next: nextRow(task, row, row.holder ?? '', storage.traits.rowMaxBytes) }
    })
    try {
      // Repeated until it is known what became of it: the next write has to go by the right rev.
      const results = await health.through(
        () => storage.apply(changes),
        () => this.#engine.abandoned,
      )
      attempts.forEach((attempt, index) => {
        const { row, next } = changes[index]!
        if (results[index] === 'applied' && next) {
          attempt.row = writtenRow(row, next)
          attempt.leaseEndsAt = until
        } else {
          this.#lose(attempt)
        }
      })
    } catch {
      // The instance is being abandoned; the lease will say the rest.
    } finally {
      for (const attempt of attempts) attempt.writing = undefined
    }
  }
}
