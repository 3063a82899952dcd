/** Rows that became tasks: adds the tasks, and writes into the rows what is known of them. */
import { describeError } from '../../core/error-record.ts'
import { PieceworkError } from '../../core/errors.ts'
import type { RowStanding } from '../../core/row-moves.ts'
import type { ReservedRow, RowChange } from '../../storage/row-source.ts'
import type { TaskDefinition } from '../definition.ts'
import type { Engine } from '../engine.ts'
import { slices } from '../slices.ts'
import type { TaskInfo } from '../task-info.ts'
import type { RowSettings, RowWork } from './definition.ts'
import { textOf } from './row-settler.ts'
import { expectTerm } from './term.ts'

/** What the instance can do with tasks. */
export interface HandedTasks {
  /** The most ids that one `get` takes. */
  readonly batchMax: number
  /** @throws TypeError on an input that the task cannot have. */
  add(definition: TaskDefinition, input: unknown, id: string): Promise<unknown>
  get(ids: readonly string[]): Promise<(TaskInfo | undefined)[]>
  /** @throws PieceworkError `not_found` */
  cancel(id: string): Promise<unknown>
}

export type HandingOn = RowWork & { readonly kind: 'hand_on' }

interface Pair {
  readonly row: ReservedRow
  readonly task: TaskInfo
}

interface HeldChange {
  readonly row: ReservedRow
  readonly on: RowStanding
  readonly move: RowChange['move']
  readonly error?: string
}

export class HandedRows {
  readonly #engine: Engine
  readonly #settings: RowSettings
  readonly #work: HandingOn
  readonly #tasks: HandedTasks

  constructor(engine: Engine, settings: RowSettings, work: HandingOn, tasks: HandedTasks) {
    this.#engine = engine
    this.#settings = settings
    this.#work = work
    this.#tasks = tasks
  }

  /** Rows that were taken back: nobody waits for their tasks any more. */
  async cancelAll(tokens: readonly string[], isOver: () => boolean): Promise<void> {
    for (const token of tokens) {
      expectTerm(isOver)
      await this.#tasks.cancel(taskId(token)).catch((error: unknown) => {
        // It was never added, or a purge took it.
        if (!(error instanceof PieceworkError && error.code === 'not_found')) throw error
      })
    }
  }

  /** The same id is added once. */
  async hand(rows: readonly ReservedRow[], isOver: () => boolean): Promise<void> {
    const { to, input } = this.#work
    await Promise.all(
      rows.map(async (row) => {
        expectTerm(isOver)
        let given: unknown
        try {
          given = input(row.row)
        } catch (error) {
          return this.#refuse(row, error, isOver)
        }
        try {
          await this.#tasks.add(to, given, taskId(row.token))
        } catch (error) {
          const isLasting = error instanceof PieceworkError && error.code === 'too_large'
          if (!isLasting && !(error instanceof TypeError)) throw error
          await this.#refuse(row, error, isOver)
        }
      }),
    )
  }

  /** A row that the task cannot take has failed for good, and says why: asked again, it would hold up all others. */
  async #refuse(row: ReservedRow, thrown: unknown, isOver: () => boolean): Promise<void> {
    const { clock, notifier } = this.#engine
    const attempt = row.tries + 1
    const error = describeError(thrown, attempt, clock.now())
    await this.#write([{ row, on: 'active', move: 'start' }], isOver)
    const [made] = await this.#write([{ row, on: 'started', move: 'fail_for_good', error: textOf(error) }], isOver)
    if (!made) return
    const event = { id: row.id, name: this.#settings.name, attempt }
    notifier.tell('failed', () => ({ ...event, error, reason: 'invalid_input' }))
    notifier.warn(`Row ${row.id} cannot be handed on to ${this.#work.to.name}: ${error.message}`)
  }

  async settle(pairs: readonly Pair[], isOver: () => boolean): Promise<number> {
    const { notifier } = this.#engine
    const begun = pairs.filter(({ row, task }) => row.standing === 'active' && task.attempts > 0)
    const started = new Set(
      await this.#write(
        begun.map(({ row }) => ({ row, on: 'active', move: 'start' })),
        isOver,
      ),
    )
    for (const row of started) notifier.tell('started', () => this.#event(row))
    const ends = pairs.flatMap(({ row, task }) => {
      const on = started.has(row) ? 'started' : row.standing
      const end = endOf(task, on)
      return end && !this.#rests(row, task, end.move) ? [{ row, on, task, ...end }] : []
    })
    const written = new Set(await this.#write(ends, isOver))
    for (const { row, task, on } of ends) {
      if (!written.has(row)) continue
      if (on === 'started') this.#tell(row, task)
      else notifier.tell('returned', () => ({ ...this.#event(row), runAt: this.#engine.clock.now() }))
    }
    return written.size
  }

  /** A row whose task failed keeps its place for a while. */
  #rests(row: ReservedRow, { doneAt }: TaskInfo, move: HeldChange['move']): boolean {
    const { maxTries, retryDelayMs } = this.#settings
    if (move !== 'fail' || doneAt === undefined || this.#event(row).attempt >= maxTries) return false
    return this.#engine.time.now() < doneAt + retryDelayMs
  }

  /** Answers the rows whose change was made; another dispatcher may have been before. */
  async #write(changes: readonly HeldChange[], isOver: () => boolean): Promise<ReservedRow[]> {
    if (changes.length === 0) return []
    const { source, maxTries } = this.#settings
    const { batchMax } = await source.open()
    const made: ReservedRow[] = []
    for (const batch of slices(changes, batchMax)) {
      expectTerm(isOver)
      const written = await source.write(
        batch.map(({ row: { id, token }, on, move, error }) => {
          return { id, token, on, move, maxTries, ...(error === undefined ? {} : { error }) }
        }),
      )
      made.push(...batch.flatMap(({ row }, index) => (written[index] ? [row] : [])))
    }
    return made
  }

  #tell(row: ReservedRow, task: TaskInfo): void {
    const { clock, notifier } = this.#engine
    const event = this.#event(row)
    const error = task.errors.at(-1)
    if (task.state === 'completed') notifier.tell('completed', () => ({ ...event, result: task.result }))
    else if (event.attempt >= this.#settings.maxTries || isFinal(task)) {
      notifier.tell('failed', () => ({ ...event, error, reason: isFinal(task) ? 'fatal' : 'exhausted' }))
    } else if (error) notifier.tell('retrying', () => ({ ...event, error, retryAt: clock.now() }))
  }

  /** Of a row as it was read: its start may have been written since. */
  #event({ id, standing, tries }: ReservedRow) {
    return { id, name: this.#settings.name, attempt: standing === 'active' ? tries + 1 : tries }
  }
}

/** Any text is a part of an id, as a slash is not. */
export function taskId(token: string): string {
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
  const error = last ? textOf(last) : `Its task is ${task.state}`
  return { move: isFinal(task) ? 'fail_for_good' : 'fail', error }
}
