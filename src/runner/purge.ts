/** Removes tasks that are done, once somebody else has them if so wished. */
import { type Duration, durationMs } from '../core/duration.ts'
import { expected, expectFunction, expectOptions } from '../core/expect.ts'
import { checkName } from '../core/name.ts'
import type { Page } from '../storage/storage.ts'
import type { Engine } from './engine.ts'
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
  /** Gets each page before it is removed. If it throws, its page stays and the purge ends with its error. */
  readonly sink?: (tasks: readonly TaskInfo[]) => void | Promise<void>
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
    await sink?.(rows.map(taskInfo))
    await Promise.all(rows.map((row) => removeChildren(engine, row.id)))
    const results = await storage.apply(rows.map((row) => ({ row, next: null })))
    // A stale one was retried by hand meanwhile and stays; it is not found again.
    rows.forEach((row, index) => {
      if (results[index] === 'applied') counts[row.state as DoneState]++
    })
  }
}

/** Items go before the task they belong to: after a crash in between, the task is still there to be purged again. */
async function removeChildren(engine: Engine, parent: string): Promise<void> {
  const { storage } = engine
  let after: string | null = ''
  while (after !== null) {
    const page: Page = await storage.find({ parent, after }, storage.traits.batchMax)
    await storage.apply(page.rows.map((row) => ({ row, next: null })))
    after = page.after
  }
}
