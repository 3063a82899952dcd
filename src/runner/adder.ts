/** Adds tasks: calls that are in flight together become one insert, which is worth 20 to 40 times on a database. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { PieceworkError } from '../core/errors.ts'
import { expected } from '../core/expect.ts'
import { newTask } from '../core/task.ts'
import { inputOf, inputText, newRow } from '../storage/codec.ts'
import type { InsertResult, Row, Storage } from '../storage/storage.ts'
import { utf8Length } from '../storage/utf8.ts'
import { type Placement, placementOf } from './add-options.ts'
import { type NewTask, notGiven, type TaskDefinition } from './definition.ts'
import type { Engine, Settings } from './engine.ts'
import { onlyOne } from './recurrence.ts'
import { validate } from './schema.ts'
import { slices } from './slices.ts'

/** Room that is kept in a row for what a task remembers: times, an error, why it failed. */
export const memoReserveBytes = 2_048

/** What became of an added task. `duplicate`: a task with its id or key is there; `id` is that task's. */
export interface Added<TaskId extends string = string> {
  readonly id: TaskId
  readonly status: 'added' | 'duplicate'
}

/** A task as it was when `add` was called: what the caller does to its objects afterwards changes nothing. */
export interface Draft {
  readonly name: string
  readonly settings: Pick<Settings, 'schema'>
  /** The input's text. */
  readonly input: string
  readonly placement: Placement
}

/** Rows to store. */
export interface Prepared {
  readonly rows: readonly Row[]
  /** Ids that the caller chose: a duplicate of one may be an older task. */
  readonly chosen: ReadonlySet<string>
}

/** One call of `add`, of one task or of many. */
interface Call extends Prepared {
  readonly resolve: (added: Added[]) => void
  readonly reject: (error: unknown) => void
}

export class Adder {
  readonly #engine: Engine
  readonly #stored: (row: Row) => void
  #calls: Call[] = []
  #scheduled = false
  #inserting = false

  /** `stored` is called for each row that was stored, when it may be due here. */
  constructor(engine: Engine, stored: (row: Row) => void) {
    this.#engine = engine
    this.#stored = stored
  }

  /** Copies what was given, before anything is awaited. @throws TypeError on what no storage is needed to refuse. */
  draft(entry: NewTask): Draft {
    if (typeof entry !== 'object' || entry === null || !('definition' in entry)) {
      throw expected('tasks', 'made of what definition.with(input, options) gives', entry)
    }
    const { definition, input, options } = entry
    const settings = settingsOf(this.#engine, 'definition', definition)
    const text = inputText(input)
    const placement = placementOf(options)
    return {
      name: definition.name,
      settings,
      input: text,
      placement: settings.recurring ? onlyOne(placement, inputOf({ input: text })) : placement,
    }
  }

  /** Others may run it: its definition need not be one of this instance's. @throws TypeError on a bad input. */
  async addFor({ name, settings }: TaskDefinition, input: unknown, id: string): Promise<void> {
    await this.add(await this.prepare([{ name, settings, input: inputText(input), placement: placementOf({ id }) }]))
  }

  /** Everything that can be wrong with any of them is found before the first is stored. */
  async prepare(drafts: readonly Draft[]): Promise<Prepared> {
    const holder = this.#engine.newHolder()
    const rows: Row[] = []
    const chosen = new Set<string>()
    for (const { name, settings, input, placement } of drafts) {
      if (settings.schema) await checkInput(name, settings.schema, input)
      const now = this.#engine.time.now()
      const { hold, priority, key, at = now + placement.delayMs } = placement
      if (placement.id !== undefined) chosen.add(placement.id)
      const id = placement.id ?? this.#engine.newId(now)
      const task = newTask({ id, name, priority, runAt: at, hold }, now)
      const row = newRow(task, { input, key, holder, rev: now })
      checkSize(this.#engine, 'input', input)
      rows.push(row)
    }
    return { rows, chosen }
  }

  /** Stores prepared rows together with all others of this turn of the event loop. */
  add({ rows, chosen }: Prepared): Promise<Added[]> {
    return new Promise((resolve, reject) => {
      this.#calls.push({ rows, chosen, resolve, reject })
      if (this.#scheduled || this.#inserting) return
      this.#scheduled = true
      this.#engine.clock.soon(() => void this.#flush())
    })
  }

  /**
   * Stores rows through a storage that is bound to the caller's transaction: at once, and tried once. Nobody is told:
   * the tasks are not there before the commit, and may never be.
   */
  async addThrough({ rows, chosen }: Prepared, storage: Storage): Promise<Added[]> {
    const all: Added[] = []
    for (const batch of slices(rows, storage.traits.batchMax)) {
      const results = await storage.insert(batch)
      all.push(...batch.map((row, index) => added(row, chosen, results[index]!)))
    }
    return all
  }

  async #flush(): Promise<void> {
    this.#scheduled = false
    this.#inserting = true
    while (this.#calls.length > 0) {
      const calls = this.#takeCalls()
      const { results, cause } = await this.#insert(calls.flatMap(({ rows }) => rows))
      let from = 0
      for (const call of calls) {
        const end = from + call.rows.length
        this.#answer(call, results.slice(from, end), cause)
        from = end
      }
    }
    this.#inserting = false
  }

  /** As many calls as fit into one insert, or one call that needs several. */
  #takeCalls(): Call[] {
    let room = this.#engine.storage.traits.batchMax
    const end = this.#calls.findIndex(({ rows }, index) => {
      room -= rows.length
      return room < 0 && index > 0
    })
    return this.#calls.splice(0, end === -1 ? this.#calls.length : end)
  }

  /** What became of each row, by position; nothing where that is not known, and then why. */
  async #insert(rows: readonly Row[]): Promise<{ results: (InsertResult | undefined)[]; cause: unknown }> {
    const { health, storage } = this.#engine
    const results: (InsertResult | undefined)[] = []
    let cause: unknown
    for (const batch of slices(rows, storage.traits.batchMax)) {
      try {
        // The ids are ours and made before: an insert whose answer was lost finds its own rows at the next try.
        results.push(...(await health.few(() => storage.insert(batch))))
      } catch (error) {
        cause = error
        results.push(...batch.map(() => undefined))
      }
    }
    return { results, cause }
  }

  #answer(
    { rows, chosen, resolve, reject }: Call,
    results: readonly (InsertResult | undefined)[],
    cause: unknown,
  ): void {
    const all: Added[] = []
    const unknown: string[] = []
    for (const [index, row] of rows.entries()) {
      const result = results[index]
      if (result === undefined) {
        unknown.push(row.id)
        continue
      }
      const one = added(row, chosen, result)
      if (one.status === 'added') this.#tell(row)
      all.push(one)
    }
    if (unknown.length === 0) {
      resolve(all)
      return
    }
    const which = unknown.length === 1 ? `task ${unknown[0]} was` : `${unknown.length} tasks were`
    const message = `The storage failed while ${which} added; adding again with the same ids is harmless`
    reject(new PieceworkError('storage_failed', message, { cause, ids: unknown }))
  }

  #tell(row: Row): void {
    this.#engine.notifier.tell('added', () => ({ id: row.id, name: row.name }))
    if (row.wakeAt !== null) this.#stored(row)
  }
}

/** Leaves room for what a task remembers. @throws TypeError where a text is over what fits into a row. */
export function checkSize({ storage }: Engine, option: string, text: string): void {
  const max = storage.traits.rowMaxBytes - memoReserveBytes
  if (text.length * 3 <= max) return
  const bytes = utf8Length(text)
  if (bytes <= max) return
  throw new TypeError(`Expected \`${option}\` to take at most ${max} bytes as JSON on this storage, got ${bytes}`)
}

/** @throws TypeError unless this very definition was given to the instance. */
export function settingsOf(engine: Engine, option: string, definition: NewTask['definition']): Settings {
  const settings = engine.definitions.get(definition?.name)
  const isTask = settings?.role.kind === 'task'
  if (isTask && settings.run === definition.settings?.run) return settings
  throw notGiven(option, 'task', definition)
}

async function checkInput(name: string, schema: StandardSchemaV1, input: string): Promise<void> {
  const validation = await validate(schema, inputOf({ input }))
  if ('problem' in validation) {
    throw new TypeError(`Expected \`input\` to fit the schema of "${name}": ${validation.problem}`)
  }
}

function added(row: Row, chosen: ReadonlySet<string>, result: InsertResult): Added {
  if (result === 'inserted') return { id: row.id, status: 'added' }
  // An id that this process made a moment ago is nobody else's: the duplicate is our own insert, come back.
  const own = result.duplicate === row.id && !chosen.has(row.id)
  return { id: result.duplicate, status: own ? 'added' : 'duplicate' }
}
