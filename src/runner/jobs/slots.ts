/**
 * At most so many parts of a job at once, over all processes: each part at work holds a slot, the others are held, and a
 * part that is done hands its slot to one of those.
 *
 * Which one is decided in the very write that ends a part. A crash between that write and the release leaves a slot idle,
 * never one too many; whoever tends the job finds it (`mendSlots`).
 */
import { hasSlot, type SlotNotes } from '../../core/slot.ts'
import { release, type Task } from '../../core/task.ts'
import { nextRow, taskOf } from '../../storage/codec.ts'
import { jobRow, runOf } from '../../storage/job-codec.ts'
import type { Row } from '../../storage/storage.ts'
import type { Engine } from '../engine.ts'
import { slices } from '../slices.ts'
import { HeldParts } from './held-parts.ts'

/** How often another held part is chosen because somebody else was first. */
const maxRounds = 10

/** A part that is done, as it will be stored. */
export interface Ended {
  readonly task: Task
  readonly jobId: string
}

/** A held part that gets a slot in a run of its job. */
export interface Heir {
  readonly row: Row
  readonly run: number
}

/** Who gets slots, by the id of the part that hands its slot on. */
export type Heirs = ReadonlyMap<string, Heir>

/** A held part that is let go, with what it then knows of its slot. */
interface Released {
  readonly row: Row
  readonly slot: SlotNotes | undefined
}

/** `nothing`: this part has no slot to hand on, or did so before. `nobody`: no part is held that could take it. */
type HandedOn = 'released' | 'nothing' | 'nobody'

/** A part in one of these hands its slot on. */
export const doneStates = ['completed', 'failed', 'cancelled']

export const nobody: Heirs = new Map()

export class Slots {
  readonly #engine: Engine
  readonly #released: (row: Row) => void
  readonly #held: HeldParts
  /** Parts whose slots nobody could take yet, since the parts of their jobs are still being added; with their jobs. */
  readonly #idle = new Map<string, string>()

  constructor(engine: Engine, released: (row: Row) => void) {
    this.#engine = engine
    this.#released = released
    this.#held = new HeldParts(engine.storage)
  }

  /** Whether this process knows of slots that nobody has. */
  get idle(): boolean {
    return this.#idle.size > 0
  }

  /** Chooses, before they are stored, who gets the slots of parts that end. Never rejects: an idle slot is found later. */
  async choose(ending: readonly Ended[]): Promise<Heirs> {
    const heirs = new Map<string, Heir>()
    try {
      for (const [job, parts] of await this.#byJob(ending)) {
        const held = await this.heldParts(job, parts.length)
        for (const [index, { task }] of parts.entries()) {
          const row = held[index]
          if (row) heirs.set(task.id, { row, run: runOf(job) })
          else this.#idle.set(task.id, job.id)
        }
      }
    } catch (error) {
      this.#engine.health.down(error)
    }
    return heirs
  }

  /** Releases the parts that were chosen, once the parts that chose them are stored. */
  async handOn(heirs: Heirs): Promise<void> {
    const from = [...heirs.keys()]
    const results = await this.#release([...heirs].map(([id, { row, run }]) => ({ row, slot: { run, from: id } })))
    for (const [index, id] of from.entries()) if (!results[index]) await this.handOnFrom(id)
  }

  /** Offers again the slots that nobody could take. */
  async fill(): Promise<void> {
    const idle = [...this.#idle]
    this.#idle.clear()
    const ids = [...new Set(idle.map(([, jobId]) => jobId))]
    const jobs = await this.#jobs(ids)
    const full = new Set<string>()
    for (const [id, jobId] of idle) {
      const job = jobs.get(jobId)
      if (!job) continue
      if (!full.has(jobId) && (await this.handOnFrom(id)) !== 'nobody') continue
      full.add(jobId)
      // Once a job is sealed, there are no more to come.
      if (job.state === 'open') this.#idle.set(id, jobId)
    }
  }

  /** The slot of a part that is done goes to whom it chose, or to somebody else where that one has another's already. */
  async handOnFrom(id: string): Promise<HandedOn> {
    const { storage, newHolder } = this.#engine
    for (let round = 0; round < maxRounds; round++) {
      const [part] = await storage.get([id])
      const slot = part && taskOf(part).slot
      if (!part?.parent || !slot || !doneStates.includes(part.state)) return 'nothing'
      const [chosen, found] = await storage.get([slot.to ?? id, part.parent])
      const job = openJob(found)
      if (!job || !hasSlot(slot, runOf(job))) return 'nothing'
      if (slot.to !== undefined && chosen) {
        if (taskOf(chosen).slot?.from === id) return 'nothing'
        if (chosen.state === 'held' && taskOf(chosen).slot?.run === slot.run) {
          const [released] = await this.#release([{ row: chosen, slot: { run: slot.run, from: id } }])
          if (released) return 'released'
          continue
        }
      }
      const [next] = await this.heldParts(job, 1)
      if (!next) return 'nobody'
      const task = { ...taskOf(part), slot: { ...slot, to: next.id } }
      await storage.apply([{ row: part, next: nextRow(task, part, newHolder(), storage.traits.rowMaxBytes) }])
    }
    return 'nobody'
  }

  /** Lets held parts go that have slots of their own. */
  async begin(rows: readonly Row[]): Promise<void> {
    await this.#release(rows.map((row) => ({ row, slot: taskOf(row).slot })))
  }

  /** Whether any part of a job waits for a slot. */
  isWanted(job: Row): Promise<boolean> {
    return this.#held.any(job)
  }

  /** The next held parts of a job that have no slot of their own. */
  heldParts(job: Row, count: number): Promise<Row[]> {
    return this.#held.next(job, count)
  }

  /** Of parts whose slots are of the run that their job is in; it must be open, or they would be skipped. */
  async #byJob(ending: readonly Ended[]): Promise<Map<Row, Ended[]>> {
    const jobs = await this.#jobs([...new Set(ending.map(({ jobId }) => jobId))])
    const byJob = new Map<Row, Ended[]>()
    for (const one of ending) {
      const job = jobs.get(one.jobId)
      if (!job || !hasSlot(one.task.slot, runOf(job))) continue
      const parts = byJob.get(job)
      if (parts) parts.push(one)
      else byJob.set(job, [one])
    }
    return byJob
  }

  async #jobs(ids: readonly string[]): Promise<Map<string, Row>> {
    const { storage } = this.#engine
    const jobs = new Map<string, Row>()
    for (const batch of slices(ids, storage.traits.batchMax)) {
      for (const row of await storage.get(batch)) {
        const job = openJob(row)
        if (job) jobs.set(job.id, job)
      }
    }
    return jobs
  }

  async #release(heirs: readonly Released[]): Promise<boolean[]> {
    const results: boolean[] = []
    for (const batch of slices(heirs, this.#engine.storage.traits.batchMax)) {
      results.push(...(await this.#releaseBatch(batch)))
    }
    return results
  }

  async #releaseBatch(heirs: readonly Released[]): Promise<boolean[]> {
    const { storage, time, newHolder } = this.#engine
    const holder = newHolder()
    const now = time.now()
    const changes = heirs.flatMap(({ row, slot }) => {
      const task = taskOf(row)
      if (task.state !== 'held') return []
      const freed = { ...release(task), wakeAt: Math.min(task.runAt, now), slot }
      return [{ row, next: nextRow(freed, row, holder, storage.traits.rowMaxBytes) }]
    })
    if (changes.length === 0) return []
    const results = await storage.apply(changes)
    return results.map((result, index) => {
      if (result === 'applied') this.#released({ ...changes[index]!.row, wakeAt: now })
      return result === 'applied'
    })
  }
}

/** The row of a job that still waits for its parts. */
function openJob(row: Row | undefined): Row | undefined {
  return row && (row.state === 'open' || row.state === 'mapping') ? jobRow(row) : undefined
}
