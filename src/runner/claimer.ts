/** Asks the storage for due rows and makes attempts of them; finds again what a lost answer gave to this process. */
import { begin, type FailedTask, settle } from '../core/task.ts'
import { nextRow, taskOf } from '../storage/codec.ts'
import { type ClaimRequest, type Row, RUNNING } from '../storage/storage.ts'
import { StorageError } from '../storage/storage-error.ts'
import { Attempt } from './attempt.ts'
import type { Engine } from './engine.ts'
import { ItemWriter } from './item-writer.ts'

/** What became of one claimed row: an attempt to run, or one with nothing left to try. */
export interface Claimed {
  readonly attempt: Attempt
  readonly given: FailedTask | undefined
}

export class Claimer {
  readonly #engine: Engine
  readonly #leaseMs: number
  /** Claims whose answer was lost: rows with these holders are ours without our knowing them. */
  readonly #lost = new Set<string>()
  #order = 0

  constructor(engine: Engine, leaseMs: number) {
    this.#engine = engine
    this.#leaseMs = leaseMs
  }

  /** @throws whatever the storage throws; the claim is then looked for later. */
  async claim(wants: ClaimRequest['wants'], limit: number): Promise<Claimed[]> {
    const { storage, time, health, newHolder } = this.#engine
    const holder = newHolder()
    const now = time.now()
    let rows: Row[]
    try {
      rows = await storage.claim({ wants, limit, holder, now, until: now + this.#leaseMs })
      health.up()
    } catch (error) {
      // A StorageError says that nothing was done; anything else may have been a claim that only its answer missed.
      if (!(error instanceof StorageError)) this.#lost.add(holder)
      health.down(error)
      throw error
    }
    if (this.#lost.size > 0) await this.#giveBackLost()
    const claimed: Claimed[] = []
    for (const row of rows) {
      const one = this.#begin(row, now)
      if (one) claimed.push(one)
    }
    return claimed
  }

  #begin(row: Row, now: number): Claimed | undefined {
    const settings = this.#engine.definitions.get(row.name)
    try {
      const task = taskOf(row)
      if (!settings || task.state !== 'running') throw new TypeError(`it is ${task.state}`)
      const begun = begin(task, settings, now)
      const claimed = { order: this.#order++, since: this.#engine.clock.monotonic() }
      const running = begun.state === 'failed' ? task : begun
      const attempt = new Attempt(row, running, settings, claimed, this.#makeItems)
      return { attempt, given: begun.state === 'failed' ? begun : undefined }
    } catch (error) {
      const why = error instanceof Error ? error.message : 'it cannot be read'
      this.#engine.notifier.warn(`Row ${row.id} (${row.name}) is not a task that this version can run: ${why}`)
      return undefined
    }
  }

  readonly #makeItems = (attempt: Attempt) =>
    new ItemWriter(this.#engine.storage, { id: attempt.row.id, name: attempt.row.name, fence: attempt.fence })

  /** A claim whose answer was lost never counts as a crash: its rows are waited for no longer than this. */
  async #giveBackLost(): Promise<void> {
    const { storage, time, definitions } = this.#engine
    const lost = new Set(this.#lost)
    try {
      let after: string | null = ''
      while (after !== null) {
        const names = [...definitions.keys()]
        const page = await storage.find({ names, states: [RUNNING], after }, storage.traits.batchMax)
        const ours = page.rows.filter(({ holder }) => holder !== null && lost.has(holder))
        const changes = ours.flatMap((row) => {
          const task = taskOf(row)
          const settings = definitions.get(row.name)
          if (task.state !== 'running' || !settings) return []
          const back = settle(task, { kind: 'given_back', delayMs: 0 }, settings, time.now())
          return [{ row, next: nextRow(back, row, row.holder ?? '', storage.traits.rowMaxBytes) }]
        })
        await storage.apply(changes)
        after = page.after
      }
      for (const holder of lost) this.#lost.delete(holder)
    } catch (error) {
      // Kept for the next claim that goes through.
      this.#engine.health.down(error)
    }
  }
}
