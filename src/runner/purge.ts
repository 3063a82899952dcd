/** Removes tasks that are done, once somebody else has them if so wished. */
import { type Duration, durationMs } from '../core/duration.ts'
import { expected, expectFunction, expectOptions } from '../core/expect.ts'
import { checkName } from '../core/name.ts'
import { writtenRow } from '../storage/codec.ts'
import { jobRow, purgingRow } from '../storage/job-codec.ts'
import type { Row } from '../storage/storage.ts'
import type { Engine } from './engine.ts'
import { type JobInfo, jobInfo } from './jobs/info.ts'
import { removeChildren } from './remove-children.ts'
import { type TaskInfo, taskInfo } from './task-info.ts'

/** The states that a purge may remove: what is done. */
export type DoneState = 'completed' | 'failed' | 'cancelled'

const doneStates: readonly DoneState[] = ['completed', 'failed', 'cancelled']

export interface PurgeOptions {
  /** Which tasks go. @default all that are done: completed, failed, cancelled */
  readonly states?: readonly DoneState[]
  /** How long ago they must have been done. @default 0 */
  readonly olderThan?: Duration
  /** Only tasks of these definitions. @default all */
  readonly names?: readonly string[]
  /** Gets each page before it is removed: its tasks, and its jobs, whose parts go with them. If it throws, its page stays and the purge ends with its error. */
  sink?: (tasks: readonly TaskInfo[], jobs: readonly JobInfo[]) => void | Promise<void>
}

/** How many tasks were removed, for each state that was asked for (m01's removeJobs). */
export type Purged = Partial<Record<DoneState, number>>

/** @throws TypeError before anything is removed when a state may not be purged (M25). */
export async function purge(engine: Engine, options: PurgeOptions): Promise<Purged> {
  expectOptions('options', options, ['states', 'olderThan', 'names', 'sink'])
  const { states = doneStates, olderThan = 0, names, sink } = options
  if (!Array.isArray(states)) throw expected('states', 'an array of states', states)
  for (const state of states) {
    if (!doneStates.includes(state)) throw expected('states', `only ${doneStates.join(', ')}`, state)
  }
  const olderThanMs = durationMs('olderThan', olderThan)
  if (names !== undefined && !Array.isArray(names)) throw expected('names', 'an array of names', names)
  names?.forEach((name, index) => {
    checkName(`names[${index}]`, name)
  })
  if (sink !== undefined) expectFunction('sink', sink)

  const { storage, time } = engine
  const counts = Object.fromEntries(states.map((state) => [state, 0])) as Record<DoneState, number>
  // What is done in this very millisecond is older than 0.
  const doneBefore = time.now() - olderThanMs + 1
  const by = { doneBefore, states, ...(names ? { names } : {}) }
  const pageRows = Math.min(storage.traits.batchMax, 500)
  for (;;) {
    const { rows } = await storage.find(by, pageRows)
    if (rows.length === 0) return counts
    const jobs = rows.filter((row) => jobRow(row) !== undefined)
    const tasks = rows.filter((row) => !jobs.includes(row))
    await sink?.(
      tasks.map(taskInfo),
      jobs.map((row) => jobInfo(row, 0)),
    )
    const going = [...tasks, ...(await markJobs(engine, jobs))]
    await Promise.all(going.map((row) => removeChildren(storage, row.id)))
    const results = await storage.apply(going.map((row) => ({ row, next: null })))
    // A stale one was retried by hand meanwhile and stays; it is not found again.
    going.forEach((row, index) => {
      if (results[index] === 'applied') counts[row.state as DoneState]++
    })
  }
}

/** A job whose parts are being removed must not go on. One that somebody resumed before stays, with its parts. */
async function markJobs({ storage, newHolder }: Engine, jobs: readonly Row[]): Promise<Row[]> {
  if (jobs.length === 0) return []
  const holder = newHolder()
  const changes = jobs.map((row) => ({ row, next: purgingRow(row, holder) }))
  const results = await storage.apply(changes)
  return changes.flatMap(({ row, next }, index) => (results[index] === 'applied' ? [writtenRow(row, next)] : []))
}
