/** Removes tasks that are done, once somebody else has them if so wished. */
import { type Duration, durationMs } from '../core/duration.ts'
import { expectBoolean, expected, expectFunction, expectOptions } from '../core/expect.ts'
import { checkName } from '../core/name.ts'
import { archivedName, archivedState, unarchivedChild, unarchivedRow } from '../storage/archive-codec.ts'
import { writtenRow } from '../storage/codec.ts'
import { jobRow, purgingRow } from '../storage/job-codec.ts'
import type { Row, Storage } from '../storage/storage.ts'
import type { Engine } from './engine.ts'
import { type JobInfo, jobInfo } from './jobs/info.ts'
import { rowsOfParts } from './jobs/view.ts'
import { wouldGo } from './purge-preview.ts'
import { removeChildren } from './remove-children.ts'
import { doneStates } from './retention.ts'
import { type TaskInfo, taskInfo } from './task-info.ts'

/** The states that a purge may remove: what is done. */
export type DoneState = 'completed' | 'failed' | 'cancelled'

/**
 * Gets what is about to be removed. `partsOf` reads the parts of one of these jobs, in their order, as they are asked for.
 */
export type PurgeSink = (
  tasks: readonly TaskInfo[],
  jobs: readonly JobInfo[],
  partsOf: (job: JobInfo) => AsyncIterable<TaskInfo>,
) => void | Promise<void>

export interface PurgeOptions {
  /** Which tasks go. @default all that are done: completed, failed, cancelled */
  readonly states?: readonly DoneState[]
  /** How long ago they must have been done. @default 0 */
  readonly olderThan?: Duration
  /** Only tasks of these definitions. @default all */
  readonly names?: readonly string[]
  /** Removes from the archive, where a cleanup without files puts what is done, and not from where it was. @default false */
  readonly archived?: boolean
  /** `true`: only counts what would go, for which it reads all that is done; the sink gets nothing. @default false */
  readonly dryRun?: boolean
  /** Gets each page before it is removed: its tasks, and its jobs, whose parts go with them. If it throws, its page stays and the purge ends with its error. */
  readonly sink?: PurgeSink
}

/** How many tasks were removed, for each state that was asked for (m01's removeJobs). */
export type Purged = Partial<Record<DoneState, number>>

const partStates = ['held', 'waiting', 'running', 'completed', 'failed', 'cancelled', 'skipped']

/**
 * @param keep gets each page's rows in the sink's place.
 * @throws TypeError before anything is removed when a state may not be purged (M25).
 */
export async function purge(
  engine: Engine,
  options: PurgeOptions,
  keep?: (rows: readonly Row[]) => Promise<void>,
): Promise<Purged> {
  const { states, olderThanMs, names, archived, dryRun, sink } = checkPurge(options)
  const { storage, time } = engine
  const asked = archived ? states.map(archivedState) : states
  const counts = Object.fromEntries(states.map((state) => [state, 0])) as Record<DoneState, number>
  const stateOf = new Map(asked.map((each, index) => [each, states[index]!]))
  // What is done in this very millisecond is older than 0.
  const doneBefore = time.now() - olderThanMs + 1
  const by = { doneBefore, states: asked, ...(names ? { names: archived ? names.map(archivedName) : names } : {}) }
  if (dryRun) {
    for await (const row of wouldGo(storage, by)) counts[stateOf.get(row.state)!]++
    return counts
  }
  const pageRows = Math.min(storage.traits.batchMax, 500)
  for (;;) {
    const { rows } = await storage.find(by, pageRows)
    if (rows.length === 0) return counts
    const jobs = rows.filter((row) => jobRow(unarchivedRow(row)) !== undefined)
    const tasks = rows.filter((row) => !jobs.includes(row))
    await keep?.(rows)
    if (sink) await show(storage, sink, tasks, jobs)
    const going = [...tasks, ...(await markJobs(engine, jobs))]
    await Promise.all(going.map((row) => removeChildren(storage, row.id)))
    const results = await storage.apply(going.map((row) => ({ row, next: null })))
    // A stale one was retried by hand meanwhile and stays; it is not found again.
    going.forEach((row, index) => {
      if (results[index] === 'applied') counts[stateOf.get(row.state)!]++
    })
  }
}

function checkPurge(options: PurgeOptions) {
  expectOptions('options', options, ['states', 'olderThan', 'names', 'archived', 'dryRun', 'sink'])
  const { states = doneStates, olderThan = 0, names, archived = false, dryRun = false, sink } = options
  if (!Array.isArray(states)) throw expected('states', 'an array of states', states)
  for (const state of states as readonly DoneState[]) {
    if (!doneStates.includes(state)) throw expected('states', `only ${doneStates.join(', ')}`, state)
  }
  const olderThanMs = durationMs('olderThan', olderThan)
  if (names !== undefined && !Array.isArray(names)) throw expected('names', 'an array of names', names)
  names?.forEach((name, index) => {
    checkName(`names[${index}]`, name)
  })
  expectBoolean('archived', archived)
  expectBoolean('dryRun', dryRun)
  if (sink !== undefined) expectFunction('sink', sink)
  return {
    states: states as readonly DoneState[],
    olderThanMs,
    names: names as readonly string[] | undefined,
    archived,
    dryRun,
    sink,
  }
}

async function show(storage: Storage, sink: PurgeSink, tasks: readonly Row[], jobs: readonly Row[]): Promise<void> {
  const shown = new Map(jobs.map((row): [JobInfo, Row] => [jobInfo(unarchivedRow(row), 0), row]))
  async function* partsOf(job: JobInfo): AsyncGenerator<TaskInfo, void, undefined> {
    const row = shown.get(job)
    if (!row) throw expected('job', 'one of the jobs that this sink was given', job)
    for await (const part of rowsOfParts(storage, row.id, partStates)) yield taskInfo(unarchivedChild(part))
  }
  await sink(
    tasks.map((row) => taskInfo(unarchivedRow(row))),
    [...shown.keys()],
    partsOf,
  )
}

/** A job whose parts are being removed must not go on. One that somebody resumed before stays, with its parts. */
async function markJobs({ storage, newHolder }: Engine, jobs: readonly Row[]): Promise<Row[]> {
  if (jobs.length === 0) return []
  const holder = newHolder()
  const changes = jobs.map((row) => ({ row, next: purgingRow(row, holder) }))
  const results = await storage.apply(changes)
  return changes.flatMap(({ row, next }, index) => (results[index] === 'applied' ? [writtenRow(row, next)] : []))
}
