/** Adds tasks: calls that are in flight together become one insert, which is worth 20 to 40 times on a database. */
import { PieceworkError } from '../core/errors.ts'
import { expected, expectOptions } from '../core/expect.ts'
import { newTask } from '../core/task.ts'
import { inputOf, inputText, newRow } from '../storage/codec.ts'
import type { InsertResult, Row, Storage } from '../storage/storage.ts'
import { utf8Length } from '../storage/utf8.ts'
import { type AddOptions, addOptionNames, placementOf } from './add-options.ts'
import type { NewTask } from './definition.ts'
import type { Engine, Settings } from './engine.ts'
import { validate } from './schema.ts'

/** Room that is kept in a row for what a task remembers: times, an error, why it failed. */
const memoReserveBytes = 2_048

/** How often an insert that failed is tried before its callers are told. */
const maxTries = 4

/** What became of an added task. `duplicate`: a task with its id or key is there; `id` is that task's. */
export interface Added<TaskId extends string = string> {
  readonly id: TaskId
  readonly status: 'added' | 'duplicate'
}

/** A task as it was when `add` was called: what the caller does to its objects afterwards changes nothing. */
export interface Draft {
  readonly name: string
  readonly settings: Settings
  /** The input's text. */
  readonly input: string
  readonly options: AddOptions
}

/** A row to store. */
export interface Prepared {
  readonly row: Row
  /** The caller chose the id; then a duplicate of it may be an older task. */
  readonly chosen: boolean
}

interface Waiting extends Prepared {
  readonly resolve: (added: Added) => void
  readonly reject: (error: unknown) => void
}

export class Adder {
  readonly #engine: Engine
  readonly #stored: (row: Row) => void
  #waiting: Waiting[] = []
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
    const settings = this.#engine.definitions.get(definition?.name)
    if (!settings || settings.run !== definition.settings?.run) {
      throw expected('definition', 'one that was given to `piecework`', definition?.name ?? definition)
    }
    return {
      name: definition.name,
      settings,
      input: inputText(input),
      options: { ...expectOptions('options', options, addOptionNames) },
    }
  }

  /** Everything that can be wrong is found before anything is stored. */
  async prepare({ name, settings, input, options }: Draft): Promise<Prepared> {
    const now = this.#engine.time.now()
    const placement = placementOf(options, now)
    if (settings.schema) {
      const validation = await validate(settings.schema, inputOf({ input }))
      if ('problem' in validation) {
        throw new TypeError(`Expected \`input\` to fit the schema of "${name}": ${validation.problem}`)
      }
    }
    const id = placement.id ?? this.#engine.newId(now)
    const { hold, priority, runAt, key } = placement
    const task = newTask({ id, name, priority, runAt, hold }, now)
    const row = newRow(task, { input, key, holder: this.#engine.newHolder(), rev: now })
    this.#checkSize(row)
    return { row, chosen: placement.id !== undefined }
  }

  /** Stores a prepared row together with all others of this turn of the event loop. */
  add(row: Row, chosen: boolean): Promise<Added> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ row, chosen, resolve, reject })
      if (this.#scheduled || this.#inserting) return
      this.#scheduled = true
      this.#engine.clock.soon(() => void this.#flush())
    })
  }

  /**
   * Stores rows through a storage that is bound to the caller's transaction: at once, and tried once. Nobody is told:
   * the tasks are not there before the commit, and may never be.
   */
  async addThrough(prepared: readonly Prepared[], storage: Storage): Promise<Added[]> {
    const all: Added[] = []
    for (let from = 0; from < prepared.length; from += storage.traits.batchMax) {
      const batch = prepared.slice(from, from + storage.traits.batchMax)
      const results = await storage.insert(batch.map(({ row }) => row))
      all.push(...batch.map(({ row, chosen }, index) => added(row, chosen, results[index]!)))
    }
    return all
  }

  async #flush(): Promise<void> {
    this.#scheduled = false
    this.#inserting = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#engine.storage.traits.batchMax)
      await this.#insert(batch)
    }
    this.#inserting = false
  }

  async #insert(batch: readonly Waiting[]): Promise<void> {
    const { health, storage } = this.#engine
    const rows = batch.map(({ row }) => row)
    let results: InsertResult[]
    try {
      // The ids are ours and made before: an insert whose answer was lost finds its own rows at the next try.
      results = await health.through(
        () => storage.insert(rows),
        (failures) => failures >= maxTries,
      )
    } catch (cause) {
      for (const { row, reject } of batch) {
        const message = `The storage failed while task ${row.id} was added; adding it again with this id is harmless`
        reject(new PieceworkError('storage_failed', message, { cause, ids: [row.id] }))
      }
      return
    }
    batch.forEach(({ row, chosen, resolve }, index) => {
      const result = added(row, chosen, results[index]!)
      if (result.status === 'added') this.#tell(row)
      resolve(result)
    })
  }

  #tell(row: Row): void {
    this.#engine.notifier.tell('added', () => ({ id: row.id, name: row.name }))
    if (row.wakeAt !== null) this.#stored(row)
  }

  #checkSize(row: Row): void {
    const max = this.#engine.storage.traits.rowMaxBytes - memoReserveBytes
    if (row.input.length * 3 <= max) return
    const bytes = utf8Length(row.input)
    if (bytes <= max) return
    throw new TypeError(`Expected \`input\` to take at most ${max} bytes as JSON on this storage, got ${bytes}`)
  }
}

function added(row: Row, chosen: boolean, result: InsertResult): Added {
  if (result === 'inserted') return { id: row.id, status: 'added' }
  // An id that this process made a moment ago is nobody else's: the duplicate is our own insert, come back.
  const own = !chosen && result.duplicate === row.id
  return { id: result.duplicate, status: own ? 'added' : 'duplicate' }
}
