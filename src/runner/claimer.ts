/** Asks the storage for due rows and makes attempts of them; finds again what a lost answer gave to this process. */
import type { Instant } from '../core/duration.ts'
import { messageOf } from '../core/error-record.ts'
import { begin, type FailedTask, settle } from '../core/task.ts'
import { nextRow, taskOf } from '../storage/codec.ts'
import { type ClaimRequest, type Row, RUNNING } from '../storage/storage.ts'
import { StorageError } from '../storage/storage-error.ts'
import { Attempt } from './attempt.ts'
import type { Engine } from './engine.ts'
import { ItemWriter } from './item-writer.ts'

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
  /** Claims whose answer was lost, and when their leases end: until then rows may be ours without our knowing them. */
  readonly #lost = new Map<string, Instant>()
  /** When to look for them next: a claim that was given up may still be under way in the database. */
  #searchAt = 0
  /** Fences of tasks that this process cancelled while a claim was under way, which may have taken them before. */
  readonly #cancelled = new Map<string, number>()
  #underWay = 0
  #order = 0

  constructor(engine: Engine, leaseMs: number) {
    this.#engine = engine
    this.#leaseMs = leaseMs
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
      if (this.#lost.size > 0) await this.#giveBackLost()
      now = time.now()
      until = now + this.#leaseMs
      rows = await storage.claim({ wants, limit, holder, now, until })
      health.up()
    } catch (error) {
      // A StorageError says that nothing was done; anything else may have been a claim that only its answer missed.
      if (!(error instanceof StorageError)) this.#lose(holder, until)
      health.down(error)
      throw error
    }
    if (this.#engine.abandoned) {
      // It comes back to a worker that has stopped and must not write any more; should it start again, it will.
      this.#lose(holder, until)
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

  #lose(holder: string, until: Instant): void {
    this.#lost.set(holder, until)
    this.#searchAt = 0
  }

  /** A claim whose answer was lost never counts as a crash: its rows are waited for no longer than this. */
  async #giveBackLost(): Promise<void> {
    const { storage, time, definitions, health } = this.#engine
    const now = time.now()
    for (const [holder, until] of this.#lost) if (until <= now) this.#lost.delete(holder)
    if (this.#lost.size === 0 || now < this.#searchAt) return
    try {
      let after: string | null = ''
      while (after !== null) {
        const names = [...definitions.keys()]
        const page = await storage.find({ names, states: [RUNNING], after }, storage.traits.batchMax)
        const ours = page.rows.filter(({ holder }) => holder !== null && this.#lost.has(holder))
        const changes = ours.flatMap((row) => {
          const task = taskOf(row)
          const settings = definitions.get(row.name)
          if (task.state !== 'running' || !settings) return []
          const back = settle(task, { kind: 'given_back', delayMs: 0 }, settings, now)
          return [{ row, next: nextRow(back, row, row.holder ?? '', storage.traits.rowMaxBytes) }]
        })
        if (changes.length > 0) await storage.apply(changes)
        after = page.after
      }
      this.#searchAt = now + this.#leaseMs / 6
    } catch (error) {
      // Looked for again before the next claim.
      health.down(error)
    }
  }
}
