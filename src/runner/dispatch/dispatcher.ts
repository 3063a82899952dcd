/** `work.dispatch`: one execution of a consumer for each distinct value among many items, only so many at once. */
import { expected } from '../../core/expect.ts'
import { seal } from '../../core/job.ts'
import { jobOf, runOf, sealedRow } from '../../storage/job-codec.ts'
import type { Row } from '../../storage/storage.ts'
import { memoReserveBytes, settingsOf } from '../adder.ts'
import type { Engine } from '../engine.ts'
import { inBatches } from '../in-batches.ts'
import type { JobSettings } from '../jobs/definition.ts'
import { type Entry, type EntryRules, entryOf } from './entry.ts'
import { Feed } from './feed.ts'
import { type CheckedDispatch, checkDispatch, type DispatchOptions } from './options.ts'
import type { Fed, Refusal } from './report.ts'
import { openSource } from './source.ts'
import { superseded, type Tracker, takeTracker, write } from './tracker.ts'

/** How many items are read before they are stored; fewer where they come slowly. */
const batchItems = 200

/** The most refusals that are told one by one. */
const maxRefusals = 100

/** What a dispatch needs of the worker. */
export interface DispatchTools {
  readonly jobs: { tend(row: Row, settings: JobSettings): Promise<void> }
  /** A row becomes due then. */
  noteDue(instant: number): void
  /** More executions may take slots that lie idle. */
  wake(): void
}

export class Dispatcher {
  readonly #engine: Engine
  readonly #tools: DispatchTools

  constructor(engine: Engine, tools: DispatchTools) {
    this.#engine = engine
    this.#tools = tools
  }

  /** Resolves with the dispatch's id when all items were read and their executions stored. */
  async dispatch(options: DispatchOptions<never>): Promise<string> {
    const checked = checkDispatch(options)
    const rules = this.#rulesOf(checked)
    const items = await openSource(this.#engine, checked.items)
    const { id, to, workers } = checked
    const doing = `dispatch ${id} was begun`
    const tracker = await this.#engine.health.answer({ doing, ids: [id] }, () => takeTracker(this.#engine, checked))
    if (!tracker) throw expected('id', `free, or that of a dispatch to "${to.name}"`, id)
    const feed = new Feed(this.#engine, tracker, { name: to.name, workers }, ({ wakeAt }) =>
      this.#tools.noteDue(wakeAt ?? 0),
    )
    const fed = await this.#feed(items, rules, feed)
    // All items were read: it may be over, and slots may lie idle.
    const sealed = await this.#seal(tracker, fed)
    if (sealed) await this.#tools.jobs.tend(sealed, rules.settings.role.job)
    return id
  }

  #rulesOf({ id, to, attribute, args }: CheckedDispatch): EntryRules {
    const { traits } = this.#engine.storage
    const settings = settingsOf(this.#engine, 'to', to)
    return { jobId: id, attribute, args, settings, maxBytes: traits.rowMaxBytes - memoReserveBytes }
  }

  async #feed(items: Iterable<unknown> | AsyncIterable<unknown>, rules: EntryRules, feed: Feed): Promise<Fed> {
    const { clock, storage } = this.#engine
    const counts = { items: 0, run: 0, skipped: 0, exhausted: 0, refused: 0, repeated: 0 }
    const refusals: Refusal[] = []
    // With the tracker's own row, the batch that is read is one more.
    for await (const batch of inBatches(items, Math.min(batchItems, storage.traits.batchMax - 1), clock.soon)) {
      const entries: Entry[] = []
      for (const item of batch) {
        const at = counts.items++
        const entry = await entryOf(item, rules)
        if (!('refused' in entry)) {
          entries.push(entry)
          continue
        }
        counts.refused++
        if (refusals.length < maxRefusals) refusals.push({ at, reason: entry.refused })
      }
      const distinct = new Map(entries.map((entry) => [entry.id, entry]))
      const fates = await feed.store([...distinct.values()])
      for (const { id } of entries) {
        const fate = fates.get(id)!
        counts[fate]++
        // What was done before is so for each item that has it, whichever batch that is read with.
        if (fate === 'run') fates.set(id, 'repeated')
      }
      this.#tools.wake()
    }
    return { ...counts, refusals }
  }

  /** A dispatch that was cancelled meanwhile stays so. */
  async #seal({ row: { id }, run }: Tracker, fed: Fed): Promise<Row | undefined> {
    const { storage, time, health, newHolder } = this.#engine
    const holder = newHolder()
    return health.answer({ doing: `dispatch ${id} was sealed`, ids: [id] }, async () => {
      const [row] = await storage.get([id])
      if (!row || runOf(row) !== run) throw superseded(id)
      const job = jobOf(row)
      if (job.state !== 'open') return undefined
      return write(this.#engine, row, sealedRow(seal(job, fed.run, time.now()), row, fed, holder))
    })
  }
}
