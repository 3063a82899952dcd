/** `work.run(job, parts)`: stores a job and its parts, in steps that may be taken again after a crash. */
import { PieceworkError } from '../../core/errors.ts'
import { expected, expectInteger, expectOptions } from '../../core/expect.ts'
import { complement, lacksParts, newJob, seal } from '../../core/job.ts'
import { checkId } from '../../core/name.ts'
import { definitionName, maxParts, partId, partName } from '../../core/part.ts'
import { newTask } from '../../core/task.ts'
import { inputOf, inputText, newRow } from '../../storage/codec.ts'
import { jobOf, jobRow, newJobRow, nextJobRow } from '../../storage/job-codec.ts'
import type { Row } from '../../storage/storage.ts'
import { defaultPriority } from '../add-options.ts'
import { checkSize } from '../adder.ts'
import { notGiven } from '../definition.ts'
import type { Engine, Settings } from '../engine.ts'
import { inBatches } from '../in-batches.ts'
import { validate } from '../schema.ts'
import { announceParts } from './announce.ts'
import type { JobDefinition } from './definition.ts'

export interface RunOptions<Metadata = unknown> {
  /** The job's id, when the caller wants to choose it: running it again then goes on where a crash left off. */
  readonly id?: string
  /** Any JSON value, given to every part and to the reduce, and never touched. */
  readonly metadata?: Metadata
  /** The most parts of this job that run at any instant, over all processes. @default as many as there are workers */
  readonly workers?: number
  /** 0 to 9; 0 runs first. @default 5 */
  readonly priority?: number
}

/** What parts may come from: an array, or anything that can be iterated, also asynchronously. */
export type Parts<Part> = Iterable<Part> | AsyncIterable<Part>

/** What became of a call of `run`. `duplicate`: the job was there, with all its parts. */
export interface Started {
  readonly id: string
  readonly status: 'added' | 'duplicate'
}

/** How many parts are stored at once. */
const batchRows = 500

export class JobRunner {
  readonly #engine: Engine
  readonly #stored: () => void

  /** `stored` is called when parts or the job may be due here, or may take slots that lie idle. */
  constructor(engine: Engine, stored: () => void) {
    this.#engine = engine
    this.#stored = stored
  }

  /** @throws TypeError on bad options or parts; PieceworkError `storage_failed`, after which the same call goes on. */
  async run(definition: JobDefinition, parts: Parts<unknown>, options: RunOptions): Promise<Started> {
    const settings = this.#settingsOf(definition)
    const { id, metadata, workers, priority } = checkRun(options)
    if (typeof parts !== 'object' || parts === null || !(Symbol.iterator in parts || Symbol.asyncIterator in parts)) {
      throw expected('parts', 'an array or another iterable', parts)
    }
    const input = inputText(metadata)
    checkSize(this.#engine, 'metadata', input)
    // What is all there can be looked at as a whole, so that a bad part leaves nothing behind.
    if (Array.isArray(parts)) {
      for (const [index, part] of parts.entries()) {
        await checkPart(this.#engine, settings, part, index)
        const turn = this.#engine.turns.due()
        if (turn) await turn
      }
    }

    const job = await this.#open(definition.name, { id, input, workers, priority })
    if (!lacksParts(jobOf(job))) return { id: job.id, status: 'duplicate' }
    const total = await this.#addParts(job, parts, settings, definition)
    await this.#seal(job.id, total)
    return { id: job.id, status: 'added' }
  }

  #settingsOf(definition: JobDefinition): Settings {
    const settings = this.#engine.definitions.get(partName(definition?.name))
    if (settings?.role.kind === 'part' && settings.role.job === definition.job) return settings
    throw notGiven('job', 'job', definition)
  }

  async #open(
    name: string,
    facts: {
      readonly id: string | undefined
      readonly input: string
      readonly workers: number | null
      readonly priority: number
    },
  ): Promise<Row> {
    const { time, newId, newHolder, storage } = this.#engine
    const now = time.now()
    const { id = newId(now), input, workers, priority } = facts
    const row = newJobRow(newJob({ id, name, priority, workers }, now), { input, holder: newHolder(), rev: now })
    const [inserted] = await this.#through(id, () => storage.insert([row]))
    if (inserted === 'inserted') return row
    const [found] = await this.#through(id, () => storage.get([id]))
    if (jobRow(found)?.name === name) return found as Row
    const whose = jobRow(found) ? `a job of "${definitionName(found?.name ?? '')}"` : 'no job'
    throw new TypeError(`Expected \`id\` to be free or a job of "${name}", got ${id}, which is ${whose}`)
  }

  async #addParts(job: Row, parts: Parts<unknown>, settings: Settings, definition: JobDefinition): Promise<number> {
    const { storage, clock } = this.#engine
    const made = { job, workers: jobOf(job).workers, holder: this.#engine.newHolder() }
    let index = 0
    for await (const batch of inBatches(parts, Math.min(batchRows, storage.traits.batchMax), clock.soon)) {
      const rows: Row[] = []
      for (const part of batch) {
        if (index === maxParts) throw new TypeError(`Expected \`parts\` to be at most ${maxParts}, got more`)
        // Those of an array were checked before; their text is made again, so that not all of it is held at once.
        const input = Array.isArray(parts) ? inputText(part) : await checkPart(this.#engine, settings, part, index)
        rows.push(this.#partRow(made, index++, input))
      }
      await this.#through(job.id, () => storage.insert(rows))
      await this.#checkIsThere(job.id, rows)
      // A message that cannot be sent fails the call; the same call again sends those of its batch again.
      await announceParts(job, rows, definition.job)
      this.#stored()
    }
    return index
  }

  /** A purge may have taken a job that was over before all its parts were there: what comes then would stay for ever. */
  async #checkIsThere(id: string, rows: readonly Row[]): Promise<void> {
    const { storage } = this.#engine
    if (jobRow((await this.#through(id, () => storage.get([id])))[0])) return
    await this.#through(id, () => storage.apply(rows.map((row) => ({ row, next: null }))))
    throw new PieceworkError('not_found', `Job ${id} was removed while its parts were added`)
  }

  /** Where there are slots, the first parts have one each, and the others are held until one is handed on to them. */
  #partRow(
    { job, workers, holder }: { readonly job: Row; readonly workers: number | null; readonly holder: string },
    index: number,
    input: string,
  ): Row {
    const now = this.#engine.time.now()
    const hold = workers !== null && index >= workers
    const facts = { id: partId(job.id, index), name: partName(job.name), priority: job.priority, runAt: now, hold }
    const task = newTask(facts, now)
    const slotted = workers === null ? task : { ...task, slot: hold ? { run: 1 } : { run: 1, first: index } }
    return newRow(slotted, { input, key: undefined, holder, rev: now, parent: job.id })
  }

  async #seal(id: string, total: number): Promise<void> {
    const { storage, time, newHolder } = this.#engine
    const holder = newHolder()
    for (;;) {
      const row = jobRow((await this.#through(id, () => storage.get([id])))[0])
      if (!row) throw new PieceworkError('not_found', `Job ${id} was removed while its parts were added`)
      const job = jobOf(row)
      // By another call.
      if (!lacksParts(job)) return
      // One that failed or was cancelled meanwhile becomes due as well: the parts that came since have to be skipped.
      const sealed = job.state === 'open' ? seal(job, total, time.now()) : complement(job, total)
      const change = { row, next: nextJobRow(sealed, row, holder) }
      const [result] = await this.#through(id, () => storage.apply([change]))
      if (result !== 'applied') continue
      this.#stored()
      return
    }
  }

  #through<T>(id: string, call: () => T | Promise<T>): Promise<T> {
    const doing = `job ${id} was stored; running it again with this id goes on from there`
    return this.#engine.health.answer({ doing, ids: [id] }, call)
  }
}

function checkRun(options: RunOptions) {
  const { id, metadata, workers, priority } = expectOptions('options', options, [
    'id',
    'metadata',
    'workers',
    'priority',
  ])
  return {
    id: id === undefined ? undefined : checkId('id', id),
    metadata,
    workers: workers === undefined ? null : expectInteger('workers', workers, 1),
    priority: priority === undefined ? defaultPriority : expectInteger('priority', priority, 0, 9),
  }
}

/** Its text as a row keeps it. */
async function checkPart(engine: Engine, { schema }: Settings, part: unknown, index: number): Promise<string> {
  const input = inputText(part)
  checkSize(engine, `parts[${index}]`, input)
  if (!schema) return input
  const validation = await validate(schema, inputOf({ input }))
  if (!('problem' in validation)) return input
  throw new TypeError(`Expected \`parts[${index}]\` to fit the schema: ${validation.problem}`)
}
