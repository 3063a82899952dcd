/** The report of a table, added up from what was counted of each standing and worker. */
import { type RowCounts, type RowStanding, workerOf } from '../../../src/storage/index.ts'
import type { Columns } from '../connection.ts'

/** As much of an id without a `#` as says whose it is. */
export const workerLength = workerOf('-'.repeat(64)).length

const states = { active: 'reserved', started: 'running', ended: 'completed' } as const

export function countsFrom(rows: readonly Columns[]): RowCounts {
  const counts = { total: 0, pending: 0, reserved: 0, running: 0, completed: 0, failed: 0 }
  // A map, since a worker may have any name.
  const workers = new Map<string, { reserved: number; running: number; completed: number }>()
  for (const [standing, hasTries, token, count] of rows) {
    const number = Number(count)
    counts.total += number
    const held = standing === 'free' ? undefined : states[standing as Exclude<RowStanding, 'free'>]
    counts[held ?? (hasTries === 1 ? 'pending' : 'failed')] += number
    if (held === undefined || typeof token !== 'string') continue
    const worker = workerOf(token)
    const its = workers.get(worker) ?? { reserved: 0, running: 0, completed: 0 }
    its[held] += number
    workers.set(worker, its)
  }
  return { ...counts, workers: Object.fromEntries(workers) }
}
