/** `work.part`: one part, processed by a consumer outside - a queue's message, a lambda - under the same fence as ours. */
import { LeaseLostError, PieceworkError } from '../../core/errors.ts'
import { partId } from '../../core/part.ts'
import type { Task } from '../../core/task.ts'
import { REDUCING, taskOf } from '../../storage/codec.ts'
import { jobRow } from '../../storage/job-codec.ts'
import type { Row } from '../../storage/storage.ts'
import type { Claimed } from '../claimer.ts'
import type { Engine, Settings } from '../engine.ts'
import { takeRow } from '../take-row.ts'
import type { PartContext } from './context.ts'
import type { JobSettings } from './definition.ts'
import { JobView } from './view.ts'

/** Which part, by names, so that the two cannot be taken for each other. */
export interface PartPlace {
  readonly jobId: string
  readonly index: number
}

/**
 * What became of a part that was brought by a message.
 *
 * - `completed`: the body ran and its result is kept.
 * - `already_completed`: it was done before; the body did not run. The reduce is seen to all the same.
 * - `skipped`: its job has failed, was cancelled or is over; the body did not run.
 * - `busy`: somebody else runs it, or it has to wait for one of the job's slots; bring the message again.
 */
export type PartReport<Result = unknown> =
  | { readonly status: 'completed'; readonly result: Result }
  | { readonly status: 'already_completed' | 'skipped' | 'busy' }

/** What the worker does for this room. */
export interface OutsideTools {
  /** Makes an attempt of a row that this process has just taken. */
  begin(row: Row, settings: Settings, job: JobView): Claimed
  /** Runs it here and now; resolves once its outcome is stored. */
  runHere(claimed: Claimed): Promise<void>
  /** Moves a job on if none of its parts is open, and resolves with whether; `done` are parts that are known not to be. */
  settle(jobId: string, done: readonly string[], settings: JobSettings): Promise<boolean>
  /** Finds slots of a job that lie idle. */
  mend(jobId: string): Promise<void>
  /** Moves a job on if its parts say so. */
  ask(jobId: string, settings: JobSettings): Promise<void>
}

/** Losing so often in a row means that something else is wrong. */
const maxRounds = 20

export class Outside {
  readonly #engine: Engine
  readonly #tools: OutsideTools
  readonly #leaseMs: number

  constructor(engine: Engine, tools: OutsideTools, leaseMs: number) {
    this.#engine = engine
    this.#tools = tools
    this.#leaseMs = leaseMs
  }

  /** @throws whatever `body` throws; PieceworkError `not_found`, `not_defined`. */
  async part(place: PartPlace, body: (context: PartContext<never, never>) => unknown): Promise<PartReport> {
    for (let round = 0; round < maxRounds; round++) {
      const { part, job, settings } = await this.#read(place)
      const state = taskOf(part).state
      // Whoever ended it may have died before the job heard of that.
      if (state === 'failed' && settings.role.kind === 'part') {
        await this.#tools.ask(job.id, settings.role.job)
        await this.settle(job.id, [part.id])
      }
      if (state === 'completed') {
        await this.settle(job.id, [part.id])
        await this.#tools.mend(job.id)
        return { status: 'already_completed' }
      }
      const view = new JobView(job, this.#engine.storage)
      if (!view.isOpen || state === 'failed' || state === 'cancelled') return { status: 'skipped' }
      // A skipped part of a job that goes on is opened again soon.
      if (
        state === 'held' ||
        state === 'skipped' ||
        (state === 'running' && (part.wakeAt ?? 0) > this.#engine.time.now())
      ) {
        return { status: 'busy' }
      }
      const taken = await takeRow(this.#engine, part, this.#leaseMs)
      if (taken) return this.#run(taken, settings, view, body)
    }
    throw new PieceworkError('contended', `Others changed part ${place.index} of job ${place.jobId} at every try`)
  }

  async #read({ jobId, index }: PartPlace): Promise<{ part: Row; job: Row; settings: Settings }> {
    const [job, part] = await this.#engine.storage.get([jobId, partId(jobId, index)])
    if (!jobRow(job)) throw new PieceworkError('not_found', `No job has the id ${jobId}`)
    if (!job || !part) throw new PieceworkError('not_found', `Job ${jobId} has no part ${index}`)
    const settings = this.#engine.definitions.get(part.name)
    if (settings) return { part, job, settings }
    throw new PieceworkError(
      'not_defined',
      `Job ${jobId} is of "${job.name}", a definition that this process does not have`,
    )
  }

  async #run(
    row: Row,
    settings: Settings,
    job: JobView,
    body: (context: PartContext<never, never>) => unknown,
  ): Promise<PartReport> {
    let thrown: { readonly error: unknown } | undefined
    const run = async (context: never) => {
      try {
        return await body(context)
      } catch (error) {
        thrown = { error }
        throw error
      }
    }
    await this.#tools.runHere(this.#tools.begin(row, { ...settings, run }, job))
    const [part] = await this.#engine.storage.get([row.id])
    const task = part && taskOf(part)
    // Where failures are allowed, this may have been the last part that was open.
    if (task?.state === 'failed') await this.settle(job.id, [row.id])
    if (thrown) throw thrown.error
    if (task?.state !== 'completed') throw outcomeOf(task)
    // Where the job could not be asked, the caller must hear of it: the message then comes again.
    await this.settle(job.id, [row.id])
    return { status: 'completed', result: task.result }
  }

  /** Where no worker runs, nobody else may ever ask about the job: it moves on if no part is open, and is reduced if due. */
  async settle(jobId: string, done: readonly string[]): Promise<void> {
    const row = jobRow((await this.#engine.storage.get([jobId]))[0])
    const settings = row && this.#engine.definitions.get(row.name)
    if (settings?.role.kind !== 'job') return
    if (row?.state === 'mapping' && !(await this.#tools.settle(jobId, done, settings.role.job))) return
    await this.#seeToReduce(jobId)
  }

  /** Where no worker runs here, nobody else may ever claim the reduce: it runs now, and its failure is the caller's. */
  async #seeToReduce(jobId: string): Promise<void> {
    const { storage, definitions, time } = this.#engine
    const row = jobRow((await storage.get([jobId]))[0])
    const settings = row && definitions.get(row.name)
    if (!row || !settings || row.state !== REDUCING || (row.wakeAt ?? 0) > time.now()) return
    const taken = await takeRow(this.#engine, row, this.#leaseMs)
    if (!taken) return
    await this.#tools.runHere(this.#tools.begin(taken, settings, new JobView(taken, storage)))
    const [after] = await storage.get([jobId])
    const task = after && taskOf(after)
    if (task && task.state !== 'completed') throw outcomeOf(task)
  }
}

/** The attempt ended and is not good: the check said so, or somebody else has the part now. */
function outcomeOf(task: Task | undefined): Error {
  const last = task?.errors.at(-1)
  return last ? new Error(last.message, { cause: last }) : new LeaseLostError('Somebody else has this part now')
}
