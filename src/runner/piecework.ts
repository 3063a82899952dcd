/** `piecework({ storage, definitions })`: the face of the library. What each verb does is done in a room of its own. */
import { expectOptions } from '../core/expect.ts'
import { checkStoredId } from '../core/name.ts'
import { rowId } from '../core/part.ts'
import { taskRow } from '../storage/codec.ts'
import { jobRow } from '../storage/job-codec.ts'
import type { Row, Storage } from '../storage/storage.ts'
import { type AddOptions, addOptionNames, noOptions, type ThroughOptions } from './add-options.ts'
import type { Added, Adder } from './adder.ts'
import type { ByHand } from './by-hand.ts'
import { type Id, type InputArgs, type NewTask, notGiven, type TaskDefinition } from './definition.ts'
import type { Engine } from './engine.ts'
import { checkListener, type PieceworkEvents } from './events.ts'
import { explain } from './explain.ts'
import type { Lifecycle } from './lifecycle.ts'
import { readItems } from './list-reader.ts'
import { makeRooms } from './make-rooms.ts'
import type { AnyDefinition, CheckedOptions, PieceworkOptions, RowsOptions } from './options.ts'
import { checkOptions, checkStorage } from './options.ts'
import { type Purged, type PurgeOptions, purge } from './purge.ts'
import type { RowCrews } from './rows/row-crews.ts'
import { rolesOf, type StartOptions } from './start-options.ts'
import { readStatus, type Status, type StatusOptions } from './status.ts'
import { type StopOptions, timeoutOf } from './stop-options.ts'
import { TaskFace } from './task-face.ts'
import { type TaskInfo, taskInfo } from './task-info.ts'
import type { StopReport, Worker } from './worker.ts'

/**
 * Makes an instance. It does not work by itself: `add` and the rest serve at once, `start` begins to run tasks.
 * @throws TypeError on an option that cannot be.
 */
export function piecework(options: RowsOptions): Piecework
export function piecework(options: PieceworkOptions): Piecework
export function piecework(options: PieceworkOptions | RowsOptions): Piecework {
  return new Piecework(checkOptions(options))
}

export class Piecework extends TaskFace {
  readonly #engine: Engine
  readonly #worker: Worker
  readonly #adder: Adder
  readonly #life: Lifecycle
  readonly #byHand: ByHand
  readonly #rows: RowCrews

  /** @internal Use {@link piecework}. */
  constructor(options: CheckedOptions) {
    const { engine, worker, adder, byHand, rows, life, ...tools } = makeRooms(options)
    super(tools.jobTools, tools.scheduleTools, tools.taskTools)
    this.#engine = engine
    this.#worker = worker
    this.#life = life
    this.#byHand = byHand
    this.#rows = rows
    this.#adder = adder
  }

  /** Whether this instance runs tasks: from `start` to `stop`. */
  get running(): boolean {
    return this.#worker.started
  }

  /**
   * Adds one task, or, given an array of `definition.with(input, options)`, many. Resolves once it is stored. Calls
   * that are in flight together are stored together.
   * @throws TypeError on bad input or options, before anything is stored; PieceworkError `storage_failed` with the ids
   * when it is not known whether the task was stored.
   */
  add(tasks: readonly NewTask[], options?: ThroughOptions): Promise<Added[]>
  add<Input, Result>(
    definition: TaskDefinition<Input, Result>,
    ...args: InputArgs<NoInfer<Input>, AddOptions & ThroughOptions>
  ): Promise<Added<Id<Input, Result>>>
  async add(what: TaskDefinition | readonly NewTask[], ...args: unknown[]): Promise<Added | Added[]> {
    if (Array.isArray(what)) {
      const [options = {}] = args as [ThroughOptions?]
      return this.#addAll(what, expectOptions('options', options, ['through']).through)
    }
    const definition = what as TaskDefinition
    const [input, options] = args as [unknown, (AddOptions & ThroughOptions)?]
    if (options === undefined) return (await this.#addAll([{ definition, input, options: noOptions }]))[0] as Added
    const { through, ...rest } = expectOptions('options', options, [...addOptionNames, 'through'])
    return (await this.#addAll([{ definition, input, options: rest }], through))[0] as Added
  }

  /** What is known of a task or a part (`job/7`), `undefined` when there is none of this id. A job's is `work.job(id)`. */
  async get<Input, Result>(id: Id<Input, Result>): Promise<TaskInfo<Input, Result> | undefined> {
    await this.#life.ready()
    const [row] = await this.#engine.storage.get([rowId(checkStoredId('id', id))])
    return taskRow(row) && !jobRow(row) ? (taskInfo(row as Row) as TaskInfo<Input, Result>) : undefined
  }

  /** The items of a completed task, or of a job's completed parts in their order, read as they are asked for. */
  async *items(id: string): AsyncGenerator<unknown, void, undefined> {
    await this.#life.ready()
    yield* readItems(this.#engine.storage, rowId(checkStoredId('id', id)))
  }

  /**
   * Cancels a task that is held, waiting or running; `false` when it was done before. A running one has its signal
   * aborted, here at once and in other processes at their next beat; whatever it does then is not recorded.
   */
  async cancel(id: string): Promise<boolean> {
    await this.#life.ready()
    return this.#byHand.cancel(id)
  }

  /**
   * Makes a waiting task due now, or runs one again that failed or was cancelled, with all its attempts. `false` for
   * any other: a completed task is never run again. It does not take its key again. A job goes on with what is left;
   * a part that failed or was cancelled goes on with its job only.
   */
  async retry(id: string): Promise<boolean> {
    await this.#life.ready()
    return this.#byHand.retry(id)
  }

  /** Lets a task go that was added with `hold: true`; `false` when it is not held. */
  async release(id: string): Promise<boolean> {
    await this.#life.ready()
    return this.#byHand.release(id)
  }

  /** Stops all processes from beginning tasks of a definition, within about a second, until `resume`. */
  async pause(definition: AnyDefinition): Promise<void> {
    await this.#life.ready()
    await this.#worker.pauses.pause(this.#known(definition))
  }

  async resume(definition: AnyDefinition): Promise<void> {
    await this.#life.ready()
    await this.#worker.pauses.resume(this.#known(definition))
    this.#worker.wake()
  }

  /** How many tasks of each definition are in which state, and what this process is doing. */
  async status(options: StatusOptions = {}): Promise<Status> {
    await this.#life.ready()
    return readStatus(this.#engine, this.#worker, this.#rows.held, options)
  }

  /** Why a task, a part or a job is where it is, in a sentence or three. @throws PieceworkError `not_found`. */
  async explain(id: string): Promise<string> {
    await this.#life.ready()
    return explain(this.#engine, this.#worker, rowId(checkStoredId('id', id)))
  }

  /** Removes tasks that are done, and answers how many of each state. */
  async purge(options: PurgeOptions = {}): Promise<Purged> {
    await this.#life.ready()
    return purge(this.#engine, options)
  }

  /** Begins to run tasks. Starting twice does nothing. Rejects when the storage cannot be reached or used. */
  start(options: StartOptions = {}): Promise<void> {
    return this.#life.start(rolesOf(options))
  }

  /** Runs one due task, part or reduce in the foreground and resolves with it as it is then; `undefined` when none is due. */
  async runNext(): Promise<TaskInfo | undefined> {
    const isMeant = this.#life.untilStop()
    await this.#life.ready()
    const id = isMeant() ? await this.#worker.runNext() : undefined
    if (id === undefined) return undefined
    const [row] = await this.#engine.storage.get([id])
    return row && taskInfo(row)
  }

  /** Runs what is due until nothing is. Resolves with how many attempts ended and counted. Works with and without `start`. */
  async drain(): Promise<number> {
    const isMeant = this.#life.untilStop()
    await this.#life.ready()
    return this.#rows.drainWith(() => this.#worker.drain(), isMeant)
  }

  /**
   * Stops running tasks: claims no more, gives back what has not begun, waits for the rest, aborts it after `timeout`
   * and gives it back as well. Resolves at most a quarter of a second after that. Stopping twice is harmless, and
   * `start` may follow.
   */
  async stop(options: StopOptions = {}): Promise<StopReport> {
    return this.#life.stop(timeoutOf(options))
  }

  /** Stops, and closes what the storage itself opened. Nothing can be done with this instance afterwards. */
  async close(options: StopOptions = {}): Promise<StopReport> {
    return this.#life.close(timeoutOf(options))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Listens to what this process does. A listener that throws or rejects is logged and changes nothing. */
  on<Name extends keyof PieceworkEvents>(event: Name, listener: PieceworkEvents[Name]): this {
    checkListener(event, listener)
    this.#engine.notifier.emitter.on(event, listener)
    return this
  }

  once<Name extends keyof PieceworkEvents>(event: Name, listener: PieceworkEvents[Name]): this {
    checkListener(event, listener)
    this.#engine.notifier.emitter.once(event, listener)
    return this
  }

  off<Name extends keyof PieceworkEvents>(event: Name, listener: PieceworkEvents[Name]): this {
    this.#engine.notifier.emitter.off(event, listener)
    return this
  }

  async #addAll(tasks: readonly NewTask[], through?: Storage): Promise<Added[]> {
    if (through !== undefined) checkStorage('through', 'what `storage.within(tx)` gives', through)
    const drafts = tasks.map((task) => this.#adder.draft(task))
    await this.#life.ready()
    // All are checked before the first is stored: one bad entry leaves nothing behind.
    const rows = await this.#adder.prepare(drafts)
    return through === undefined ? this.#adder.add(rows) : this.#adder.addThrough(rows, through)
  }

  #known(definition: AnyDefinition): string {
    if (this.#engine.definitions.has(definition?.name)) return definition.name
    throw notGiven('definition', 'definition', definition)
  }
}
