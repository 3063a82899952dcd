/** Claims whose answer was lost: found again and given back, so that none counts as a crash. */
import type { Instant } from '../core/duration.ts'
import { settle } from '../core/task.ts'
import { nextRow, REDUCING, taskOf } from '../storage/codec.ts'
import { jobRow, restingRow } from '../storage/job-codec.ts'
import { awakeScheduleRow, SCHEDULE } from '../storage/schedule-codec.ts'
import type { Change, Row } from '../storage/storage.ts'
import type { Engine } from './engine.ts'

export class LostClaims {
  readonly #engine: Engine
  readonly #leaseMs: number
  /** The holders of such claims, and when their leases end: until then rows may be ours without our knowing them. */
  readonly #holders = new Map<string, Instant>()
  /** When to look for them next: a claim that was given up may still be under way in the database. */
  #searchAt = 0

  constructor(engine: Engine, leaseMs: number) {
    this.#engine = engine
    this.#leaseMs = leaseMs
  }

  /** A claim under this holder may have been made, with leases until then. */
  add(holder: string, until: Instant): void {
    this.#holders.set(holder, until)
    this.#searchAt = 0
  }

  /** Looks for their rows, if there are any to look for and it is time, and gives them back uncounted. */
  async giveBack(): Promise<void> {
    if (this.#holders.size === 0) return
    const { storage, time, definitions, health } = this.#engine
    const now = time.now()
    for (const [holder, until] of this.#holders) if (until <= now) this.#holders.delete(holder)
    if (this.#holders.size === 0 || now < this.#searchAt) return
    const names = [...definitions.keys(), SCHEDULE]
    try {
      for (const [claimedBy, until] of this.#holders) {
        let changes: Change[]
        do {
          const { rows } = await storage.find({ claimedBy, until, names }, storage.traits.batchMax)
          changes = rows.flatMap((row) => this.#change(row, now))
          if (changes.length > 0) await storage.apply(changes)
          // What was given back is not found again.
        } while (changes.length > 0)
      }
      this.#searchAt = now + this.#leaseMs / 6
    } catch (error) {
      // Looked for again before the next claim.
      health.down(error)
    }
  }

  #change(row: Row, now: Instant): Change[] {
    if (row.holder === null || !this.#holders.has(row.holder)) return []
    if (row.name === SCHEDULE) return [{ row, next: awakeScheduleRow(row, now) }]
    const settings = this.#engine.definitions.get(row.name)
    if (!settings) return []
    // A job that only wanted to be asked is due again.
    if (jobRow(row) && row.state !== REDUCING) return [{ row, next: restingRow(row, now) }]
    const task = taskOf(row)
    if (task.state !== 'running') return []
    const back = settle(task, { kind: 'given_back', delayMs: 0 }, settings, now)
    return [{ row, next: nextRow(back, row, row.holder, this.#engine.storage.traits.rowMaxBytes) }]
  }
}
