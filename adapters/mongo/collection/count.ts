/** How many rows there are of each state, and of each worker. */
import type { Document } from 'mongodb'
import type { RowCounts, WorkerCounts } from '../../../src/storage/index.ts'
import type { Call } from '../call.ts'
import type { Ground } from './documents.ts'

type State = Exclude<keyof RowCounts, 'total' | 'workers'>

interface Group {
  readonly _id: { readonly state: State; readonly worker?: string | null }
  readonly count: number
}

export async function count(ground: Ground, call: Call, maxTries: number): Promise<RowCounts> {
  const { columns, standings, tries } = ground
  const free = { $cond: [{ $lt: [tries, maxTries] }, 'pending', 'failed'] }
  const open = { $cond: [standings.started, 'running', { $cond: [standings.active, 'reserved', free] }] }
  const state = { $cond: [standings.ended, 'completed', open] }
  const pipeline = [
    { $match: columns.where },
    { $group: { _id: { state, worker: workerIn(`$${columns.reservationId}`) }, count: { $sum: 1 } } },
  ]
  const reply = await call.read({ aggregate: call.names.row, pipeline, cursor: { batchSize: 1_000_000 } })

  const counts = { total: 0, pending: 0, reserved: 0, running: 0, completed: 0, failed: 0 }
  const workers = new Map<string, { -readonly [K in keyof WorkerCounts]: WorkerCounts[K] }>()
  for (const { _id, count } of reply.cursor.firstBatch as Group[]) {
    const { state, worker } = _id
    counts.total += count
    counts[state] += count
    if (typeof worker !== 'string' || state === 'pending' || state === 'failed') continue
    const own = workers.get(worker) ?? { reserved: 0, running: 0, completed: 0 }
    own[state] += count
    workers.set(worker, own)
  }
  // From entries, which makes a field of `__proto__` as of any other name.
  return { ...counts, workers: Object.fromEntries(workers) }
}

/** What `workerOf` says of a token; `null` of what is none. */
function workerIn(token: string): Document {
  const end = { $indexOfCP: [token, '#'] }
  const own = { $cond: [{ $gte: [end, 0] }, { $substrCP: [token, 0, end] }, { $substrCP: [token, 0, 18] }] }
  return { $cond: [{ $eq: [{ $type: token }, 'string'] }, own, null] }
}
