/** What `piecework()` gives for jobs: the part of its face that tasks have no use for. */
import { expected, expectFunction, expectInteger } from '../../core/expect.ts'
import { checkStoredId } from '../../core/name.ts'
import { maxParts } from '../../core/part.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Clock } from '../clock.ts'
import type { DispatchOptions } from '../dispatch/options.ts'
import type { DispatchReport } from '../dispatch/report.ts'
import type { PartContext } from './context.ts'
import type { JobDefinition } from './definition.ts'
import type { Ends } from './ends.ts'
import { JobRun } from './handle.ts'
import { type JobInfo, pendingParts, readJob, rowOfNumbered } from './info.ts'
import { type JobsOptions, listJobs } from './list.ts'
import type { PartPlace, PartReport } from './outside.ts'
import type { Parts, RunOptions, Started } from './run-job.ts'
import { JobView, type PartResult } from './view.ts'

/** The same as the message of its announcement says it, which may be passed as it came: its other fields are ignored. */
export interface PartMessage {
  readonly jobId: string
  readonly partId: number
}

/** What `dispatch` gives: a job whose result is the report. */
export type DispatchRun = JobRun<{ readonly to: string }, DispatchReport>

/** What the instance does for this part of its face. */
export interface JobTools {
  readonly storage: Storage
  readonly clock: Clock
  readonly ends: Ends
  ready(): Promise<void>
  ask<T>(call: () => Promise<T>): Promise<T>
  start(definition: JobDefinition, parts: Parts<unknown>, options: RunOptions): Promise<Started>
  part(place: PartPlace, body: (context: PartContext<never, never>) => unknown): Promise<PartReport>
  settle(jobId: string): Promise<void>
  dispatch(options: DispatchOptions<never>): Promise<string>
}

export abstract class JobFace {
  readonly #tools: JobTools

  /** @internal */
  constructor(tools: JobTools) {
    this.#tools = tools
  }

  abstract cancel(id: string): Promise<boolean>

  /**
   * Stores a job and its parts, and resolves once all of them are there. Parts begin to run as soon as they are stored;
   * the reduce runs when none of them is open. Where the caller dies half-way, the same call with the same `id` and parts
   * goes on; where the job is there already, nothing is added.
   * @throws TypeError on bad options or parts: of an array before anything is stored; PieceworkError `storage_failed`.
   */
  async run<Part, Result, Metadata, Reduced>(
    definition: JobDefinition<Part, Result, Metadata, Reduced>,
    parts: Parts<NoInfer<Part>>,
    options: RunOptions<NoInfer<Metadata>> = {},
  ): Promise<JobRun<Metadata, Reduced>> {
    await this.#tools.ready()
    const started = await this.#tools.start(definition as JobDefinition, parts, options)
    // Consumers outside may have done all the parts by now, and nobody else may ever ask about the job.
    if (!definition.job.hasMap) await this.#tools.settle(started.id)
    return this.#handle(started) as JobRun<Metadata, Reduced>
  }

  /**
   * Runs a consumer once for each distinct value that `attribute` has among many items, and resolves once all items were
   * read and their executions stored. What ran well before is not run again, nor what has no execution left; the same
   * call after a crash goes on. `done` resolves with a report as the result.
   * @throws TypeError on bad options; PieceworkError `not_found` or `not_completed` for items of a task or job that is
   * not there, or not completed; `superseded` when another dispatch with this id begins meanwhile.
   */
  async dispatch<Input>(options: DispatchOptions<Input>): Promise<DispatchRun> {
    await this.#tools.ready()
    const id = await this.#tools.dispatch(options as unknown as DispatchOptions<never>)
    return this.#handle({ id, status: 'added' }) as DispatchRun
  }

  /**
   * Processes one part that a consumer outside was brought: a queue's message, a lambda's event. The body runs under a
   * lease and a fence, as in a worker; the part then counts as done, and the reduce is seen to. Errors of the body come
   * back as they are, and the part stays open for the next delivery, unless `failOn` says that they fail the job.
   * @throws PieceworkError `not_found` for a job or a part that there is not, `not_defined` for one of another definition.
   */
  async part<Part, Result, Metadata>(
    place: PartPlace | PartMessage,
    body: (context: PartContext<Part, Metadata>) => Result | Promise<Result>,
  ): Promise<PartReport<Result>> {
    if (typeof place !== 'object' || place === null) {
      throw expected('place', 'an object with `jobId` and `index`', place)
    }
    const { jobId } = place
    const index = 'index' in place ? place.index : place.partId
    checkStoredId('jobId', jobId)
    expectInteger('index', index, 0, maxParts - 1)
    expectFunction('body', body)
    await this.#tools.ready()
    return this.#tools.part({ jobId, index }, body as never) as Promise<PartReport<Result>>
  }

  /** What is known of a job. @throws PieceworkError `not_found`. */
  async job(id: string): Promise<JobInfo> {
    await this.#tools.ready()
    return readJob(this.#tools.storage, checkStoredId('id', id))
  }

  /**
   * The jobs of a storage, in the order of their ids: ids that the library made sort by when they were added. They are
   * read as they are asked for, a page at a time, with one count for each job that is under way. Without `names`, the
   * storage first counts its rows by name, which on DynamoDB is a scan of the table; nothing of this is for the path of
   * a task. Where the storage lags (`traits.lagMs`), the latest jobs may be missing; what is listed is as it is now.
   */
  async *jobs(options: JobsOptions = {}): AsyncGenerator<JobInfo, void, undefined> {
    await this.#tools.ready()
    yield* listJobs(this.#tools.storage, options)
  }

  /**
   * The indexes of a job's parts that are not done, in order, read as they are asked for.
   * @throws PieceworkError `not_found`; TypeError for a dispatch, whose executions have no indexes.
   */
  async *pendingParts(id: string): AsyncGenerator<number, void, undefined> {
    await this.#tools.ready()
    yield* pendingParts(this.#tools.storage, checkStoredId('id', id))
  }

  /** The completed parts of a job with their results, in order, read as they are asked for. @throws PieceworkError `not_found`. */
  async *completedParts(id: string): AsyncGenerator<PartResult, void, undefined> {
    await this.#tools.ready()
    const { storage } = this.#tools
    yield* new JobView(await rowOfNumbered(storage, checkStoredId('id', id)), storage).parts()
  }

  #handle(started: Started): JobRun {
    const { storage, clock, ends, ask } = this.#tools
    return new JobRun(started, { storage, clock, ends, ask, cancel: () => this.cancel(started.id) })
  }
}
