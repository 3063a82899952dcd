/** Asks the storage for due rows and makes attempts of them. */
import type { Instant } from '../core/duration.ts'
import { messageOf } from '../core/error-record.ts'
import { begin, type FailedTask } from '../core/task.ts'
import { taskOf } from '../storage/codec.ts'
import type { ClaimRequest, Row } from '../storage/storage.ts'
import { StorageError } from '../storage/storage-error.ts'
import { Attempt } from './attempt.ts'
import type { Engine } from './engine.ts'
import { ItemWriter } from './item-writer.ts'
import { LostClaims } from './lost-claims.ts'

/** How often a row of items is offered to a storage that fails: about as long as a lease lasts without it. */
const maxItemTries = 12

/** What became of one claimed row: an attempt to run, or one with nothing left to try. */
export interface Claimed {
  readonly attempt: Attempt
  readonly given: FailedTask | undefined
}

export class Claimer {
  readonly #engine: Engine
  readonly #leaseMs: number
  readonly #lost: LostClaims
  /** Fences of tasks that this process cancelled while a claim was under way, which may have taken them before. */
  readonly #cancelled = new Map<string, number>()
  #underWay = 0
  #order = 0

  constructor(engine: Engine, leaseMs: number) {
    this.#engine = engine
    this.#leaseMs = leaseMs
    this.#lost = new LostClaims(engine, leaseMs)
  }

  /** What is cancelled must not begin, even if a claim that is under way has taken it already. */
  skip({ id, rev }: Row): void {
    if (this.#underWay > 0) this.#cancelled.set(id, rev)
  }

  /** @throws whatever the storage throws; the claim is then looked for later. */
  async claim(wants: ClaimRequest['wants'], limit: number): Promise<Claimed[]> {
    this.#underWay++
    try {
      return await this.#claim(wants, limit)
    } finally {
      this.#underWay--
      if (this.#underWay === 0) this.#cancelled.clear()
    }
  }

  async #claim(wants: ClaimRequest['wants'], limit: number): Promise<Claimed[]> {
    const { storage, time, health, newHolder } = this.#engine
    const holder = newHolder()
    let rows: Row[]
    let now: Instant
    let until = 0
    try {
      if (time.hasSlept()) await time.synchronise()
      // Before the claim, which then gets what is given back here.
      await this.#lost.giveBack()
      now = time.now()
      until = now + this.#leaseMs
      rows = await storage.claim({ wants, limit, holder, now, until })
      health.up()
    } catch (error) {
      // A StorageError says that nothing was done; anything else may have been a claim that only its answer missed.
      if (!(error instanceof StorageError)) this.#lost.add(holder, until)
      health.down(error)
      throw error
    }
    if (this.#engine.abandoned) {
      // It comes back to a worker that has stopped and must not write any more; should it start again, it will.
      this.#lost.add(holder, until)
      return []
    }
    const claimed: Claimed[] = []
    for (const row of rows) {
      if (row.rev < (this.#cancelled.get(row.id) ?? 0)) continue
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
      const why = messageOf(error)
      this.#engine.notifier.warn(`Row ${row.id} (${row.name}) is not a task that this version can run: ${why}`)
      return undefined
    }
  }

  readonly #makeItems = (attempt: Attempt) => {
    const { storage, health } = this.#engine
    const { fence, row } = attempt
    const enough = (failures: number) =>
      failures >= maxItemTries || attempt.abortReason !== undefined || this.#engine.abandoned
    const insert = (items: Row) => health.through(() => storage.insert([items]), enough)
    return new ItemWriter(insert, storage.traits.rowMaxBytes, { id: row.id, name: row.name, fence })
  }
}
