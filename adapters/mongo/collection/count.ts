/** How many rows there are of each state, and of each worker. */
import type { Document } from 'mongodb'
import { addUpRows, type RowCounts, type RowState, uuidWorkerLength } from '../../../src/storage/index.ts'
import type { Call } from '../call.ts'
import type { Ground } from './documents.ts'

interface Group {
  readonly _id: { readonly state: RowState; readonly worker?: string | null }
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
  const groups = reply.cursor.firstBatch as Group[]
  return addUpRows(groups.map(({ _id: { state, worker = null }, count }) => ({ state, worker, count })))
}

/** What `workerOf` says of a token; `null` of what is none. */
function workerIn(token: string): Document {
  const end = { $indexOfCP: [token, '#'] }
  const own = {
    $cond: [{ $gte: [end, 0] }, { $substrCP: [token, 0, end] }, { $substrCP: [token, 0, uuidWorkerLength] }],
  }
  return { $cond: [{ $eq: [{ $type: token }, 'string'] }, own, null] }
}
