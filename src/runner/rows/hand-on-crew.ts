/**
 * Workers elsewhere: each reserved row becomes a task of the instance's storage, and gets its start and its end by what
 * becomes of the task.
 *
 * Nothing is kept here. A task's id is made of the row's reservation id, so any dispatcher of the table can find the
 * task of a row, add it where the one who reserved the row died before, and write what is known of it.
 */
import { messageOf } from '../../core/error-record.ts'
import type { RowStanding } from '../../core/row-moves.ts'
import type { ReservedRow, RowChange } from '../../storage/row-source.ts'
import type { TaskDefinition } from '../definition.ts'
import type { Engine } from '../engine.ts'
import { Health } from '../health.ts'
import type { TaskInfo } from '../task-info.ts'
import type { StopReport } from '../worker.ts'
import type { RowSettings, RowWork } from './definition.ts'
import { Passes } from './passes.ts'
import { Reserver } from './reserver.ts'
import type { Crew } from './row-crews.ts'

/** What the instance can do with tasks. */
export interface HandedTasks {
  /** @throws TypeError on an input that the task cannot have. */
  add(definition: TaskDefinition, input: unknown, id: string): Promise<unknown>
  get(ids: readonly string[]): Promise<(TaskInfo | undefined)[]>
  cancel(id: string): Promise<unknown>
}

/** How many rows are looked after in one call. */
const pageSize = 500

export class HandOnCrew implements Crew {
  readonly held = 0
  readonly #engine: Engine
  readonly #settings: RowSettings
  readonly #work: RowWork & { readonly kind: 'hand_on' }
  readonly #tasks: HandedTasks
  readonly #health: Health
  readonly #reserver: Reserver
  readonly #passes: Passes
  #ended = 0

  constructor(
    engine: Engine,
    settings: RowSettings,
    work: RowWork & { readonly kind: 'hand_on' },
    options: { readonly pollMs: number },
    tasks: HandedTasks,
  ) {
    this.#engine = engine
    this.#settings = settings
    this.#work = work
    this.#tasks = tasks
    this.#health = new Health(engine.clock, engine.notifier, engine.random, settings.source.title)
    this.#reserver = new Reserver(engine, settings, this.#health)
    this.#passes = new Passes(engine, this.#health, options.pollMs, {
      name: settings.name,
      pass: () => this.#pass(),
      isIdle: () => true,
    })
  }

  async open(): Promise<void> {
    await this.#reserver.open()
  }

  start(): void {
    this.#reserver.hurry()
    this.#passes.start()
  }

  async drain(): Promise<number> {
    await this.open()
    this.#reserver.hurry()
    const before = this.#ended
    await this.#passes.drain()
    return this.#ended - before
  }

  /** What was handed on goes on elsewhere. */
  async stop(_timeoutMs: number, _report: StopReport): Promise<void> {
    await this.#passes.stop()
  }

  async #pass(): Promise<boolean> {
    // What is known of tasks comes first: a row whose task has ended must not be taken back for being late.
    const { unstarted, ended } = await this.#settleAll()
    for (const { id, token, tries, standing } of await this.#reserver.relaunch()) {
      if (standing === 'ended' || token === null) continue
      this.#engine.notifier.tell('expired', () => ({ id, name: this.#settings.name, attempt: tries }))
      await this.#tasks.cancel(taskId(token))
    }
    const fresh = await this.#reserver.reserve(unstarted, () => true)
    await this.#hand(fresh.map(({ row, token }) => ({ ...row, token })))
    this.#health.up()
    return fresh.length > 0 || ended > 0
  }

  /** Goes over all rows that are held, by whatever dispatcher. */
  async #settleAll(): Promise<{ unstarted: number; ended: number }> {
    const { source } = this.#settings
    const sum = { unstarted: 0, ended: 0 }
    for (let after: string | undefined; ; ) {
      const rows = await source.held(after === undefined ? { limit: pageSize } : { after, limit: pageSize })
      const held = rows.filter((row): row is Held => row.token !== null)
      const tasks = await this.#tasks.get(held.map(({ token }) => taskId(token)))
      const own = held.flatMap((row, index) => {
        return row.standing === 'active' && row.token.startsWith(this.#reserver.prefix)
          ? [{ row, task: tasks[index] }]
          : []
      })
      sum.unstarted += own.filter(({ task }) => !task || task.attempts === 0).length
      // Its reservation was answered, or made without an answer, and its task was not added then.
      await this.#hand(own.flatMap(({ row, task }) => (task ? [] : [row])))
      sum.ended += await this.#settle(held.flatMap((row, index) => (tasks[index] ? [{ row, task: tasks[index] }] : [])))
      if (rows.length < pageSize) return sum
      after = rows.at(-1)?.id
    }
  }

  /** The same id is added once. A row that the task cannot take has failed for good, and says why. */
  async #hand(rows: readonly Held[]): Promise<void> {
    const { to, input } = this.#work
    await Promise.all(
      rows.map(async (row) => {
        try {
          await this.#tasks.add(to, input(row.row), taskId(row.token))
        } catch (error) {
          if (!(error instanceof TypeError)) throw error
          await this.#write([{ row, on: 'active', move: 'start' }])
          const text = `${error.name}: ${messageOf(error)}`
          await this.#write([{ row, on: 'started', move: 'fail_for_good', error: text }])
          this.#engine.notifier.warn(`Row ${row.id} cannot be handed on to ${to.name}: ${messageOf(error)}`)
        }
      }),
    )
  }

  async #settle(pairs: readonly { readonly row: Held; readonly task: TaskInfo }[]): Promise<number> {
    const begun = pairs.filter(({ row, task }) => row.standing === 'active' && task.attempts > 0)
    const started = new Set(await this.#write(begun.map(({ row }) => ({ row, on: 'active', move: 'start' }))))
    const ends = pairs.flatMap(({ row, task }) => {
      const on = started.has(row) ? 'started' : row.standing
      const end = endOf(task, on)
      return end ? [{ row, on, task, ...end }] : []
    })
    const written = new Set(await this.#write(ends))
    for (const { row, task, on } of ends) if (written.has(row) && on === 'started') this.#tell(row, task)
    return written.size
  }

  /** Answers the rows whose change was made; another dispatcher may have been before. */
  async #write(changes: readonly HeldChange[]): Promise<Held[]> {
    if (changes.length === 0) return []
    const { source, maxTries } = this.#settings
    const { batchMax } = await this.#reserver.open()
    const made: Held[] = []
    for (let from = 0; from < changes.length; from += batchMax) {
      const batch = changes.slice(from, from + batchMax)
      const written = await source.write(
        batch.map(({ row: { id, token }, on, move, error }) => {
          return { id, token, on, move, maxTries, ...(error === undefined ? {} : { error }) }
        }),
      )
      made.push(...batch.flatMap(({ row }, index) => (written[index] ? [row] : [])))
    }
    return made
  }

  #tell(row: Held, task: TaskInfo): void {
    const { clock, notifier } = this.#engine
    const attempt = row.standing === 'active' ? row.tries + 1 : row.tries
    const event = { id: row.id, name: this.#settings.name, attempt }
    const error = task.errors.at(-1)
    if (task.state === 'completed') notifier.tell('completed', () => ({ ...event, result: task.result }))
    else if (attempt >= this.#settings.maxTries || isFinal(task)) {
      notifier.tell('failed', () => ({ ...event, error, reason: isFinal(task) ? 'fatal' : 'exhausted' }))
    } else if (error) notifier.tell('retrying', () => ({ ...event, error, retryAt: clock.now() }))
  }
}

type Held = ReservedRow & { readonly token: string }

interface HeldChange {
  readonly row: Held
  readonly on: RowStanding
  readonly move: RowChange['move']
  readonly error?: string
}

/** Any text is a part of an id, as a slash is not. */
function taskId(token: string): string {
  return `row:${token}`
}

function isFinal({ reason }: TaskInfo): boolean {
  return reason === 'fatal' || reason === 'invalid_input'
}

/** What a task that is done writes into its row; `undefined` while it is not. */
function endOf(task: TaskInfo, on: RowStanding): Pick<HeldChange, 'move' | 'error'> | undefined {
  if (task.doneAt === undefined) return undefined
  // Cancelled before it began: the row was never started.
  if (on === 'active') return { move: 'give_back' }
  if (task.state === 'completed') return { move: 'complete' }
  const last = task.errors.at(-1)
  const error = last ? `${last.name}: ${last.message}` : `Its task is ${task.state}`
  return { move: isFinal(task) ? 'fail_for_good' : 'fail', error }
}
