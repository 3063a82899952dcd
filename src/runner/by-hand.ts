/** What people do to single tasks and to jobs: cancel, retry, release, remove. */
import { LeaseLostError, PieceworkError } from '../core/errors.ts'
import { expected } from '../core/expect.ts'
import { checkStoredId } from '../core/name.ts'
import { definitionName, rowId } from '../core/part.ts'
import { cancel, release, retry } from '../core/task.ts'
import { taskRow } from '../storage/codec.ts'
import { jobRow } from '../storage/job-codec.ts'
import type { Engine } from './engine.ts'
import { moveTask } from './move-task.ts'
import { removeChildren } from './remove-children.ts'
import type { Worker } from './worker.ts'

/** Losing so often in a row means that something else is wrong. */
const maxRounds = 100

export class ByHand {
  readonly #engine: Engine
  readonly #worker: Worker

  constructor(engine: Engine, worker: Worker) {
    this.#engine = engine
    this.#worker = worker
  }

  async cancel(id: string): Promise<boolean> {
    if (await this.#isJob(id)) return this.#worker.jobs.cancel(id)
    const row = await this.#move(id, (task, now) =>
      task.state === 'held' || task.state === 'waiting' || task.state === 'running' ? cancel(task, now) : undefined,
    )
    if (!row) return false
    this.#worker.abortCancelled(row, new LeaseLostError('The task was cancelled'))
    this.#engine.notifier.tell('cancelled', () => ({ id: row.id, name: definitionName(row.name) }))
    // It may have been the last part that was open, or have had a slot.
    if (row.parent !== null) await this.#worker.jobs.attend(row.parent)
    return true
  }

  async retry(id: string): Promise<boolean> {
    if (await this.#isJob(id)) return this.#worker.jobs.resume(id)
    return this.#awaken(id, (task, now, isPart) => {
      if (task.state === 'waiting') return retry(task, now)
      // A part that is done may be among what the reduce is reading: it goes on with its job only.
      return (task.state === 'failed' || task.state === 'cancelled') && !isPart ? retry(task, now) : undefined
    })
  }

  release(id: string): Promise<boolean> {
    // A held part waits for one of its job's slots, or for its job.
    return this.#awaken(id, (task, _, isPart) => (task.state === 'held' && !isPart ? release(task) : undefined))
  }

  /** @throws PieceworkError `not_found`, `contended`; TypeError for a part. */
  async remove(id: string): Promise<boolean> {
    const { health, storage } = this.#engine
    const asked = { doing: `task ${checkStoredId('id', id)} was removed`, ids: [id] }
    for (let round = 0; round < maxRounds; round++) {
      const [found] = await health.answer(asked, () => storage.get([id]))
      const row = jobRow(found) ? undefined : taskRow(found)
      if (!row) throw new PieceworkError('not_found', `No task has the id ${id}`)
      if (row.parent !== null) throw expected('id', 'that of a task, not of a part of a job', id)
      if (row.state === 'running') return false
      // Items go before what they belong to, as in a purge. Those of an attempt that begins meanwhile are newer.
      await health.answer(asked, () => removeChildren(storage, id, row.rev))
      const [result] = await health.answer(asked, () => storage.apply([{ row, next: null }]))
      if (result === 'applied') return true
    }
    throw new PieceworkError('contended', `Others changed task ${id} at each of ${maxRounds} tries`)
  }

  async #isJob(id: string): Promise<boolean> {
    const { health, storage } = this.#engine
    const asked = { doing: `${checkStoredId('id', id)} was looked up`, ids: [id] }
    return jobRow((await health.answer(asked, () => storage.get([id])))[0]) !== undefined
  }

  #move(id: string, move: Parameters<typeof moveTask>[2]) {
    return moveTask(this.#engine, rowId(checkStoredId('id', id)), move)
  }

  async #awaken(id: string, move: Parameters<typeof moveTask>[2]): Promise<boolean> {
    const row = await this.#move(id, move)
    if (row?.wakeAt != null) this.#worker.noteDue(row.wakeAt)
    return row !== undefined
  }
}
