/**
 * At most so many parts of a job at once, over all processes: each open part holds a slot, the others are held, and a
 * part that is done hands its slot to one of those.
 *
 * Which one is decided in the very write that ends a part, so nobody can hand on the same slot twice. A crash between
 * that write and the release leaves a slot idle, never one too many; the job finds it when it wakes.
 */
import { release, type Task } from '../../core/task.ts'
import { nextRow, taskOf } from '../../storage/codec.ts'
import { jobOf, runOf } from '../../storage/job-codec.ts'
import type { Page, Row } from '../../storage/storage.ts'
import type { Engine } from '../engine.ts'
import { rowsOfParts } from './view.ts'

/** How often another held part is chosen because somebody else was first. */
const maxRounds = 10

/** A part that is done, as it will be stored, or as it is. */
export interface Ended {
  readonly task: Task
  readonly jobId: string
}

/** The held rows that get slots, by the id of the part that hands its slot on. */
export type Heirs = ReadonlyMap<string, Row>

export const nobody: Heirs = new Map()

export class Slots {
  readonly #engine: Engine
  readonly #released: (row: Row) => void

  constructor(engine: Engine, released: (row: Row) => void) {
    this.#engine = engine
    this.#released = released
  }

  /** Chooses, before they are stored, who gets the slots of parts that end. Never rejects: an idle slot is found later. */
  async choose(ending: readonly Ended[]): Promise<Heirs> {
    const byJob = new Map<string, Ended[]>()
    for (const one of ending) byJob.set(one.jobId, [...(byJob.get(one.jobId) ?? []), one])
    const heirs = new Map<string, Row>()
    try {
      for (const [jobId, parts] of byJob) {
        const held = await this.#held(jobId, parts.length)
        for (const [index, row] of held.entries()) heirs.set(parts[index]!.task.id, row)
      }
    } catch (error) {
      this.#engine.health.down(error)
    }
    return heirs
  }

  /** Releases the parts that were chosen, once the parts that chose them are stored. */
  async handOn(heirs: Heirs): Promise<void> {
    const from = [...heirs.keys()]
    const results = await this.#release([...heirs].map(([id, row]) => ({ row, from: id })))
    for (const [index, id] of from.entries()) if (!results[index]) await this.#another(id)
  }

  /** Finds slots that a crash left idle. `job` waits for its parts. */
  async mend(job: Row): Promise<void> {
    const { workers } = jobOf(job)
    // Only a resume leaves held parts where there are no slots: all of them go on.
    const held = await this.#held(job.id, workers ?? Number.POSITIVE_INFINITY)
    const free = held.filter((row) => workers === null || this.#isFirst(row, job))
    if (free.length > 0) await this.#release(free.map((row) => ({ row })))
    if (workers === null) return
    let idle = workers - (await this.#atWork(job.id, workers))
    if (idle <= 0 || (await this.#held(job.id, 1)).length === 0) return
    for await (const row of rowsOfParts(this.#engine.storage, job.id, ['completed', 'failed', 'cancelled'])) {
      if (taskOf(row).slot?.run !== runOf(job)) continue
      if (await this.#another(row.id)) idle--
      if (idle === 0) return
    }
  }

  /** The slot of a part that is done goes to whom it chose, or to somebody else where that one has another's already. */
  async #another(id: string): Promise<boolean> {
    const { storage, newHolder } = this.#engine
    for (let round = 0; round < maxRounds; round++) {
      const [part] = await storage.get([id])
      const slot = part && taskOf(part).slot
      if (!part?.parent || !slot) return false
      const [heir, job] = await storage.get([slot.to ?? id, part.parent])
      const run = job && (job.state === 'mapping' || job.state === 'open') ? runOf(job) : undefined
      if (slot.run !== run) return false
      if (slot.to !== undefined && heir) {
        const heirSlot = taskOf(heir).slot
        if (heirSlot?.from === id) return false
        if (heir.state === 'held') {
          const [released] = await this.#release([{ row: heir, from: id }])
          if (released) return true
          continue
        }
      }
      const [next] = await this.#held(part.parent, 1)
      if (!next) return false
      const task = { ...taskOf(part), slot: { ...slot, to: next.id } }
      await storage.apply([{ row: part, next: nextRow(task, part, newHolder(), storage.traits.rowMaxBytes) }])
    }
    return false
  }

  #isFirst(part: Row, job: Row): boolean {
    const { slot } = taskOf(part)
    return slot?.first === true && slot.run === runOf(job)
  }

  async #release(heirs: readonly { readonly row: Row; readonly from?: string }[]): Promise<boolean[]> {
    const { storage, time, newHolder } = this.#engine
    const holder = newHolder()
    const now = time.now()
    const changes = heirs.flatMap(({ row, from }) => {
      const task = taskOf(row)
      if (task.state !== 'held') return []
      const slot = task.slot && { run: task.slot.run, ...(from === undefined ? {} : { from }) }
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

  /** The first held parts of a job. */
  async #held(jobId: string, count: number): Promise<Row[]> {
    const { storage } = this.#engine
    const rows: Row[] = []
    let after: string | null = ''
    while (after !== null && rows.length < count) {
      const limit = Math.min(count - rows.length, storage.traits.batchMax)
      const page: Page = await storage.find({ parent: jobId, states: ['held'], after }, limit)
      rows.push(...page.rows)
      after = page.after
    }
    return rows
  }

  /** How many parts hold a slot, up to a number. */
  async #atWork(jobId: string, upTo: number): Promise<number> {
    let count = 0
    for await (const _ of rowsOfParts(this.#engine.storage, jobId, ['waiting', 'running'])) {
      count++
      if (count === upTo) break
    }
    return count
  }
}
