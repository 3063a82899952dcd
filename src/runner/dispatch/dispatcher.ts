/** `work.dispatch`: one execution of a consumer for each distinct value among many items, only so many at once. */
import { expected } from '../../core/expect.ts'
import { type OpenJob, seal } from '../../core/job.ts'
import { jobOf, sealedRow } from '../../storage/job-codec.ts'
import type { Row } from '../../storage/storage.ts'
import { memoReserveBytes, settingsOf } from '../adder.ts'
import type { Engine } from '../engine.ts'
import { inBatches } from '../in-batches.ts'
import type { JobSettings } from '../jobs/definition.ts'
import { type Entry, type EntryRules, entryOf } from './entry.ts'
import { Feed } from './feed.ts'
import { type CheckedDispatch, checkDispatch, type DispatchOptions } from './options.ts'
import type { Fed, Refusal, Sealed } from './report.ts'
import { openSource } from './source.ts'
import { moveTracker, type Tracker, takeTracker } from './tracker.ts'

/** How many items are read before they are stored; fewer where they come slowly. */
const batchItems = 200

/** The most refusals that are told one by one. */
const maxRefusals = 100

/** What a dispatch needs of the worker. */
export interface DispatchTools {
  readonly jobs: {
    tend(row: Row, settings: JobSettings): Promise<void>
    readonly slots: { begin(rows: readonly Row[]): Promise<void> }
  }
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
    const release = (rows: readonly Row[]) => this.#tools.jobs.slots.begin(rows)
    const feed = new Feed(this.#engine, tracker, { name: to.name, workers, release })
    const fed = await this.#feed(items, rules, feed)
    const last = await this.#seal(tracker, { ...fed, older: [...feed.older] })
    // All items were read: it may be over, and slots may lie idle. Of one that was cancelled, some were stored too late.
    await this.#tools.jobs.tend(last, rules.settings.role.job)
    return id
  }

  #rulesOf({ id, to, attribute, args }: CheckedDispatch): EntryRules {
    const { traits } = this.#engine.storage
    const settings = settingsOf(this.#engine, 'to', to)
    return { jobId: id, attribute, args, settings, maxBytes: traits.rowMaxBytes - memoReserveBytes }
  }

  /** Reads no further once it was cancelled. */
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
      if (!fates) break
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

  /** Resolves with the tracker as it is then: one that was cancelled meanwhile stays so. */
  async #seal({ row: { id }, run }: Tracker, fed: Sealed): Promise<Row> {
    const { time, health, newHolder } = this.#engine
    const holder = newHolder()
    return health.answer({ doing: `dispatch ${id} was sealed`, ids: [id] }, () =>
      moveTracker(this.#engine, { id, run }, (row) =>
        sealedRow(seal(jobOf(row) as OpenJob, fed.run, time.now()), row, fed, holder),
      ),
    )
  }
}
