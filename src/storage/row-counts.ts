/** The report of a source, added up from groups of rows as its database counts them. */
import type { RowState } from '../core/row-moves.ts'
import type { RowCounts, WorkerCounts } from './row-source.ts'

/** So many rows of one state and one worker. */
export interface RowGroup {
  readonly state: RowState
  /** As `workerOf` says it of their reservation ids; `null` where there is none. */
  readonly worker: string | null
  readonly count: number
}

export function addUpRows(groups: Iterable<RowGroup>): RowCounts {
  const counts = { total: 0, pending: 0, reserved: 0, running: 0, completed: 0, failed: 0 }
  // A map, and entries: a worker may be called `__proto__`.
  const workers = new Map<string, Record<keyof WorkerCounts, number>>()
  for (const { state, worker, count } of groups) {
    counts.total += count
    counts[state] += count
    if (worker === null || state === 'pending' || state === 'failed') continue
    const own = workers.get(worker) ?? { reserved: 0, running: 0, completed: 0 }
    own[state] += count
    workers.set(worker, own)
  }
  return { ...counts, workers: Object.fromEntries(workers) }
}
