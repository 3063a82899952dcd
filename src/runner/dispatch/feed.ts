/**
 * Stores one execution for each distinct value, batch by batch.
 *
 * Its row is looked for by its value: what is there says whether it ran well, has no execution left, is under way, or is
 * to go on. A row that this dispatch wrote names its run, so a value that comes again is known without a list of them.
 */
import { holdOn } from '../../core/part.ts'
import type { SlotNotes } from '../../core/slot.ts'
import { type HeldTask, newTask, release, type Task, type WaitingTask } from '../../core/task.ts'
import { newRow, nextRow, taskOf, writtenRow } from '../../storage/codec.ts'
import { runOf } from '../../storage/job-codec.ts'
import type { Row } from '../../storage/storage.ts'
import { defaultPriority } from '../add-options.ts'
import type { Engine } from '../engine.ts'
import type { Entry } from './entry.ts'
import { FreeSlots } from './free-slots.ts'
import { superseded, type Tracker } from './tracker.ts'

/** What was found, or done, for one value. */
export type Fate = 'run' | 'skipped' | 'exhausted' | 'repeated'

export class Feed {
  readonly #engine: Engine
  readonly #tracker: Row
  readonly #name: string
  readonly #run: number
  readonly #slots: FreeSlots
  /** Executions of a dispatch before that are still at work: they are not written, so they are remembered. */
  readonly #older = new Set<string>()
  readonly #stored: (row: Row) => void

  /** `stored` is called for each row that may be due here. */
  constructor(
    engine: Engine,
    { row, run, older }: Tracker,
    to: { readonly name: string; readonly workers: number },
    stored: (row: Row) => void,
  ) {
    this.#engine = engine
    this.#tracker = row
    this.#name = to.name
    this.#run = run
    this.#slots = new FreeSlots(to.workers, older)
    this.#stored = stored
  }

  /** Of distinct values. @throws PieceworkError `superseded`, `storage_failed`. */
  async store(entries: readonly Entry[]): Promise<Map<string, Fate>> {
    const fates = new Map<string, Fate>()
    const left = new Map(entries.map((entry) => [entry.id, entry]))
    for (let round = 0; left.size > 0; round++) {
      for (const [id, fate] of await this.#round([...left.values()], round > 0)) {
        fates.set(id, fate)
        left.delete(id)
      }
    }
    return fates
  }

  /** What stays without a fate was written by somebody meanwhile, or perhaps by us: the next round looks at it again. */
  async #round(entries: readonly Entry[], again: boolean): Promise<Map<string, Fate>> {
    const rows = await this.#read(entries)
    const fates = new Map<string, Fate>()
    const added: Row[] = []
    const reopened: { readonly row: Row; readonly task: Task }[] = []
    for (const [index, entry] of entries.entries()) {
      const row = rows[index]
      const fate = row && this.#fateOf(row, again)
      if (fate) fates.set(entry.id, fate)
      else if (row) reopened.push({ row, task: this.#placed(goesOn(taskOf(row))) })
      else added.push(this.#newRow(entry))
    }
    for (const id of await this.#insert(added)) fates.set(id, 'run')
    for (const id of await this.#apply(reopened)) fates.set(id, 'run')
    return fates
  }

  /** With the tracker's row: whoever has it now decides. */
  async #read(entries: readonly Entry[]): Promise<readonly (Row | undefined)[]> {
    const ids = [this.#tracker.id, ...entries.map(({ id }) => id)]
    const [tracker, ...rows] = await this.#ask((storage) => storage.get(ids))
    if (!tracker || runOf(tracker) !== this.#run) throw superseded(this.#tracker.id)
    return rows
  }

  /** Nothing where it is to be opened again. */
  #fateOf(row: Row, again: boolean): Fate | undefined {
    const task = taskOf(row)
    if (task.slot?.run === this.#run) {
      // Stored by a call whose answer was lost.
      if (again) this.#slots.isTaken(task.slot)
      return again ? 'run' : 'repeated'
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
    const facts = { id, name: this.#name, priority: defaultPriority, runAt: now }
    const task = this.#placed(newTask({ ...facts, hold: true }, now) as HeldTask)
    return newRow(task, {
      input,
      key: undefined,
      holder: this.#engine.newHolder(),
      rev: now,
      parent: this.#tracker.id,
    })
  }

  /** With a slot if one is free, and due if that may be used. */
  #placed(task: HeldTask): HeldTask | WaitingTask {
    const { first, usable } = this.#slots.take()
    const slot: SlotNotes = { run: this.#run, ...(first === undefined ? {} : { first }) }
    const slotted = { ...task, slot }
    return usable ? { ...release(slotted), wakeAt: this.#engine.time.now() } : slotted
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
        if (row.wakeAt !== null) this.#stored(row)
        return [row.id]
      }
      const { slot } = taskOf(row)
      if (slot) this.#slots.giveBack(slot)
      return []
    })
  }

  #ask<T>(call: (storage: Engine['storage']) => T | Promise<T>): Promise<T> {
    const { health, storage } = this.#engine
    const { id } = this.#tracker
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
