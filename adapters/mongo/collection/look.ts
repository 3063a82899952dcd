/** What is read without being changed: rows over their time, rows that are held, rows by their keys. */
import type { Document } from 'mongodb'
import type { HeldRequest, LapsedRequest, ReservedRow, SeenRow } from '../../../src/storage/index.ts'
import type { Call } from '../call.ts'
import { documents, type Ground, reservedOf, seenOf } from './documents.ts'
import { ANY_TOKEN } from './fields.ts'

/** Behind all texts that begin alike. */
const LAST = '\u{10FFFF}'

/**
 * The server's time is asked for first: a condition with `$$NOW` in it looks at every row that is held, as a bound of an
 * index needs a constant. A little early, it frees nothing too soon.
 */
export async function lapsed(ground: Ground, call: Call, request: LapsedRequest): Promise<SeenRow[]> {
  const { projection } = ground
  const { limit } = request
  const now = await serverTime(call)
  const overMs = ({ standing, startedAt, reservedAt }: SeenRow) =>
    standing === 'started'
      ? now - (startedAt ?? 0) - request.maxDurationMs
      : now - (reservedAt ?? 0) - request.startWithinMs
  const [started, active] = lapsedFilters(ground, now, request)
  const found = await Promise.all(
    [started, active].map(({ filter, sort }) => documents(call, filter, { sort, limit, projection })),
  )
  const seen = found.flat().map((document) => seenOf(ground, document))
  return seen.sort((a, b) => overMs(b) - overMs(a)).slice(0, limit)
}

interface Question {
  readonly filter: Document
  readonly sort: Record<string, 1>
}

/** A start or a reservation that is no time is over, too: nobody could ever tell when. */
export function lapsedFilters(
  { columns }: Ground,
  now: number,
  { startWithinMs, maxDurationMs }: LapsedRequest,
): readonly [started: Question, active: Question] {
  const { reservationId, reservationTime, startTime, endTime } = columns
  const held = { [endTime]: null, [reservationId]: ANY_TOKEN }
  const notSince = (ms: number) => ({ $not: { $gt: new Date(now - ms) } })
  return [
    { filter: { ...held, [startTime]: { $ne: null, ...notSince(maxDurationMs) } }, sort: { [startTime]: 1 } },
    {
      filter: { ...held, [startTime]: null, [reservationTime]: notSince(startWithinMs) },
      sort: { [reservationTime]: 1 },
    },
  ]
}

export async function held<Row>(ground: Ground, call: Call, request: HeldRequest): Promise<ReservedRow<Row>[]> {
  const { id, reservationId, endTime } = ground.columns
  const { prefix = '', after, limit } = request
  const filter = {
    [endTime]: null,
    [reservationId]: prefix === '' ? ANY_TOKEN : { $gte: prefix, $lt: prefix + LAST },
    // In the order of all types: a plain `$gt` stays within the type that it is given.
    ...(after !== undefined && { $expr: { $gt: [`$${id}`, { $literal: ground.keyOf(after) }] } }),
  }
  const found = await documents(call, filter, { sort: { [id]: 1 }, limit })
  return found.map((document) => reservedOf(ground, document))
}

export async function look(ground: Ground, call: Call, ids: readonly string[]): Promise<(SeenRow | undefined)[]> {
  if (ids.length === 0) return []
  const { columns, keyOf, projection } = ground
  const found = await documents(call, { [columns.id]: { $in: ids.map(keyOf) } }, { projection })
  const seen = found.map((document) => seenOf(ground, document))
  const byId = new Map(seen.map((each) => [each.id, each]))
  return ids.map((id) => byId.get(id))
}

export async function serverTime(call: Call): Promise<number> {
  const { row } = call.names
  const now = { _id: 0, now: '$$NOW' }
  const found = await call.read({ find: row, projection: now, limit: 1, singleBatch: true })
  // An empty collection has no document to answer with, yet one of numbers about itself.
  const answer = found.cursor.firstBatch[0] ?? (await statistics(call, now))
  if (!(answer?.now instanceof Date)) throw new Error('The server does not tell its time')
  return answer.now.getTime()
}

async function statistics(call: Call, projection: Document): Promise<Document | undefined> {
  const pipeline = [{ $collStats: {} }, { $project: projection }]
  const { cursor } = await call.read({ aggregate: call.names.row, pipeline, cursor: {} })
  return cursor.firstBatch[0]
}
