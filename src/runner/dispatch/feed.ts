/**
 * Stores one execution for each distinct value, batch by batch.
 *
 * Its row is looked for by its value: what is there says whether it ran well, has no execution left, is under way, or is
 * to go on. A row that this dispatch wrote names its run, so a value that comes again is known without a list of them.
 */
import { holdOn } from '../../core/part.ts'
import type { SlotNotes } from '../../core/slot.ts'
import { type HeldTask, newTask, type Task } from '../../core/task.ts'
import { newRow, nextRow, taskOf, writtenRow } from '../../storage/codec.ts'
import { runOf } from '../../storage/job-codec.ts'
import type { Row, Storage } from '../../storage/storage.ts'
import { defaultPriority } from '../add-options.ts'
import type { Engine } from '../engine.ts'
import { slices } from '../slices.ts'
import type { Entry } from './entry.ts'
import { FreeSlots } from './free-slots.ts'
import { Owners } from './owners.ts'
import { superseded, type Tracker } from './tracker.ts'

/** What was found, or done, for one value. */
export type Fate = 'run' | 'skipped' | 'exhausted' | 'repeated'

/** What a feed is told. */
export interface FeedOptions {
  /** The name of its rows. */
  readonly name: string
  readonly workers: number
  /** Lets held rows go that have slots of their own. */
  readonly release: (rows: readonly Row[]) => Promise<void>
}

export class Feed {
  readonly #engine: Engine
  readonly #tracker: Tracker
  readonly #options: FeedOptions
  readonly #slots: FreeSlots
  readonly #owners: Owners
  /** Executions of a dispatch before that are still at work: they are not written, so they are remembered. */
  readonly #older = new Set<string>()

  constructor(engine: Engine, tracker: Tracker, options: FeedOptions) {
    this.#engine = engine
    this.#tracker = tracker
    this.#options = options
    this.#slots = new FreeSlots(options.workers)
    this.#owners = new Owners({ ...tracker, workers: options.workers })
  }

  /** The rows of a dispatch before that count as this one's. */
  get older(): ReadonlySet<string> {
    return this.#older
  }

  /** Of distinct values. Nothing where the dispatch was cancelled. @throws PieceworkError `superseded`, `storage_failed`. */
  async store(entries: readonly Entry[]): Promise<Map<string, Fate> | undefined> {
    const fates = new Map<string, Fate>()
    const left = new Map(entries.map((entry) => [entry.id, entry]))
    for (let round = 0; left.size > 0; round++) {
      const found = await this.#round([...left.values()], round > 0)
      if (!found) return undefined
      for (const [id, fate] of found) {
        fates.set(id, fate)
        left.delete(id)
      }
    }
    return (await this.#begin()) ? fates : undefined
  }

  /** What stays without a fate was written by somebody meanwhile, or perhaps by us: the next round looks at it again. */
  async #round(entries: readonly Entry[], again: boolean): Promise<Map<string, Fate> | undefined> {
    const rows = await this.#read(entries.map(({ id }) => id))
    if (!rows) return undefined
    const fates = new Map<string, Fate>()
    // All that have slots are known before any slot is given out.
    for (const row of rows) {
      const fate = row && this.#fateOf(row, again)
      if (fate) fates.set(row.id, fate)
    }
    const added: Row[] = []
    const reopened: { readonly row: Row; readonly task: Task }[] = []
    for (const [index, entry] of entries.entries()) {
      const row = rows[index]
      if (fates.has(entry.id)) continue
      if (row) reopened.push({ row, task: this.#placed(goesOn(taskOf(row))) })
      else added.push(this.#newRow(entry))
    }
    for (const id of await this.#insert(added)) fates.set(id, 'run')
    for (const id of await this.#apply(reopened)) fates.set(id, 'run')
    return fates
  }

  /** Together with the tracker's row: whoever has that now decides. Nothing where it was cancelled. */
  async #read(ids: readonly string[]): Promise<readonly (Row | undefined)[] | undefined> {
    const { id } = this.#tracker.row
    const [tracker, ...rows] = await this.#ask((storage) => storage.get([id, ...ids]))
    if (!tracker || runOf(tracker) !== this.#tracker.run) throw superseded(id)
    return tracker.state === 'open' ? rows : undefined
  }

  /** Nothing where it is to be opened again. */
  #fateOf(row: Row, again: boolean): Fate | undefined {
    const task = taskOf(row)
    if (task.slot?.run === this.#tracker.run) {
      if (!again) return 'repeated'
      // Stored by a call whose answer was lost.
      this.#slots.isTaken(task.slot)
      this.#owners.add(row)
      return 'run'
    }
    if (this.#older.has(row.id)) return 'repeated'
    switch (task.state) {
      case 'completed':
        return 'skipped'
      case 'failed':
        return 'exhausted'
      case 'waiting':
      case 'running':
        this.#older.add(row.id)
        return 'run'
      default:
        return undefined
    }
  }

  #newRow({ id, input }: Entry): Row {
    const now = this.#engine.time.now()
    const facts = { id, name: this.#options.name, priority: defaultPriority, runAt: now }
    const task = this.#placed(newTask({ ...facts, hold: true }, now) as HeldTask)
    return newRow(task, {
      input,
      key: undefined,
      holder: this.#engine.newHolder(),
      // A value that was forgotten a moment ago must not repeat a fence.
      rev: Math.max(now, this.#tracker.forgotten + 1),
      parent: this.#tracker.row.id,
    })
  }

  /** With a slot if one is free. */
  #placed(task: HeldTask): HeldTask {
    const first = this.#slots.take()
    const slot: SlotNotes = { run: this.#tracker.run, ...(first === undefined ? {} : { first }) }
    return { ...task, slot }
  }

  async #insert(rows: readonly Row[]): Promise<string[]> {
    if (rows.length === 0) return []
    const results = await this.#ask((storage) => storage.insert(rows))
    return this.#written(rows, (index) => results[index] === 'inserted')
  }

  async #apply(reopened: readonly { readonly row: Row; readonly task: Task }[]): Promise<string[]> {
    if (reopened.length === 0) return []
    const { storage, newHolder } = this.#engine
    const holder = newHolder()
    const changes = reopened.map(({ row, task }) => ({
      row,
      next: nextRow(task, row, holder, storage.traits.rowMaxBytes),
    }))
    const results = await this.#ask(() => storage.apply(changes))
    const rows = changes.map(({ row, next }) => writtenRow(row, next))
    return this.#written(rows, (index) => results[index] === 'applied')
  }

  /** The slot of a row that was not written is free again. */
  #written(rows: readonly Row[], isWritten: (index: number) => boolean): string[] {
    return rows.flatMap((row, index) => {
      if (isWritten(index)) {
        this.#owners.add(row)
        return [row.id]
      }
      const { slot } = taskOf(row)
      if (slot) this.#slots.giveBack(slot)
      return []
    })
  }

  /** Lets those go that have slots of their own. Resolves with whether the dispatch goes on. */
  async #begin(): Promise<boolean> {
    const { storage } = this.#engine
    const { ids } = this.#owners
    if (ids.length === 0) return true
    await this.#ask(() => this.#owners.countOlder(storage, this.#tracker.row.id))
    const atOnce = storage.traits.batchMax - 1
    for (const batch of slices(ids, atOnce)) {
      const rows = await this.#read(batch)
      if (!rows) return false
      const usable = this.#owners.usable(rows)
      await this.#ask(() => this.#options.release(usable))
    }
    return true
  }

  #ask<T>(call: (storage: Storage) => T | Promise<T>): Promise<T> {
    const { health, storage } = this.#engine
    const { id } = this.#tracker.row
    return health.answer({ doing: `dispatch ${id} was stored; the same call goes on from there`, ids: [id] }, () =>
      call(storage),
    )
  }
}

/** What it has tried before counts: three executions are three, in however many dispatches (D5). */
function goesOn(task: Task): HeldTask {
  if (task.state === 'held' || task.state === 'cancelled' || task.state === 'skipped') return holdOn(task)
  throw new TypeError(`A ${task.state} execution does not go on`)
}
