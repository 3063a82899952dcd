/** Reserves in three round trips, however many: which rows are due, taking them, and how they are then. */
import type { Document } from 'mongodb'
import type { ReservedRow, ReserveRequest } from '../../../src/storage/index.ts'
import type { Call } from '../call.ts'
import { anyBelow } from '../chance.ts'
import { pause } from '../time.ts'
import { documents, type Ground, reservedOf } from './documents.ts'

/** How often a call that lost every row looks again: rows are due, so nothing would be the wrong answer. */
const TRIES_MAX = 3

/** Of how many times the rows that it wants a call takes its own, where others go for the same ones. */
const SPREAD = 8

/** How long a write whose answer was lost is left to take effect, before it is looked for. */
const LATE_MS = 100

/** Reserves, and remembers between calls whether others go for the same rows. */
export function reserver(ground: Ground): <Row>(call: Call, request: ReserveRequest) => Promise<ReservedRow<Row>[]> {
  let isContended = false

  return async <Row>(call: Call, request: ReserveRequest) => {
    if (request.tokens.length === 0 || request.ids?.length === 0) return []
    for (let tries = 1; ; tries++) {
      const ids = await candidates(ground, call, request, isContended)
      if (ids.length === 0) return []
      const { count, rows } = await take<Row>(ground, call, ids, request)
      isContended = request.ids === undefined && count < ids.length / 2
      // Tokens that were written once are used up, even if all of those rows were taken back at once.
      if (count > 0 || tries === TRIES_MAX) return rows
    }
  }
}

/** The keys of rows that are due, in order. `isSpread`: from anywhere among the first ones, not the very first. */
async function candidates(
  ground: Ground,
  call: Call,
  { ids, tokens, maxTries }: ReserveRequest,
  isSpread: boolean,
): Promise<unknown[]> {
  const { columns, free, keyOf, textOf } = ground
  const { id, where } = columns
  const limit = tokens.length
  if (ids) {
    const chosen = { [id]: { $in: ids.map(keyOf) } }
    const filter = { $and: [chosen, free(maxTries), where] }
    const found = await keysIn(call, [{ $match: filter }, { $project: keyOnly(id) }], ids.length)
    const byId = new Map(found.map((key) => [textOf(key), key]))
    return ids.flatMap((text) => (byId.has(text) ? [byId.get(text)] : [])).slice(0, limit)
  }
  const wanted = isSpread ? limit * SPREAD : limit
  const found = await keysIn(call, duePipeline(ground, call.names.row, maxTries, wanted), wanted)
  const from = found.length > limit ? anyBelow(found.length - limit + 1) : 0
  return found.slice(from, from + limit)
}

/**
 * Fewest tries first, then the lowest key. A count that is not there yet is a 0, yet the index has it elsewhere: those
 * that were never started are merged in the order of keys; behind them come the others, where the index has its order.
 */
export function duePipeline({ columns }: Ground, collection: string, maxTries: number, limit: number): Document[] {
  const { id, where, reservationId, reservationTimes, endTime } = columns
  const due = { [reservationId]: null, [endTime]: null }
  const part = (tries: Document, sort: Document): Document[] => [
    { $match: { $and: [{ ...due, [reservationTimes]: tries }, where] } },
    { $sort: sort },
    { $limit: limit },
    { $project: { ...keyOnly(id), tries: { $ifNull: [`$${reservationTimes}`, 0] } } },
  ]
  const fresh = part({ $in: [null, 0] }, { [id]: 1 })
  const others = part({ $gt: 0, $lt: maxTries }, { [reservationTimes]: 1, [id]: 1 })
  return [
    ...fresh,
    { $unionWith: { coll: collection, pipeline: others } },
    { $sort: { tries: 1, key: 1 } },
    { $limit: limit },
  ]
}

/** Under a name of its own: a key may have a path. */
function keyOnly(id: string): Document {
  return { _id: 0, key: `$${id}` }
}

async function keysIn(call: Call, pipeline: Document[], limit: number): Promise<unknown[]> {
  const reply = await call.read({ aggregate: call.names.row, pipeline, cursor: { batchSize: limit + 1 } })
  return reply.cursor.firstBatch.map(({ key }: Document) => key)
}

/** The server looks again at each row as it writes it, so of two calls one gets it. */
async function take<Row>(
  ground: Ground,
  call: Call,
  keys: readonly unknown[],
  { tokens, maxTries }: ReserveRequest,
): Promise<{ readonly count: number; readonly rows: ReservedRow<Row>[] }> {
  const { columns, free, paths, assignments } = ground
  const updates = keys.map((key, at) => ({
    q: { $and: [{ [columns.id]: { $eq: key } }, free(maxTries), columns.where, { $expr: paths }] },
    u: [{ $set: assignments('reserve', { token: tokens[at] as string }) }],
  }))
  try {
    const { n, writeErrors } = await call.write({ update: call.names.row, updates, ordered: false })
    if (n > 0) return { count: n, rows: await taken(ground, call, keys, tokens) }
    // A document that the collection's own rules refuse is passed over, unless there is nothing else.
    if (writeErrors?.[0]) throw new Error(`No row can be reserved: ${writeErrors[0].errmsg}`)
    return { count: 0, rows: [] }
  } catch (error) {
    // Whether it took effect is not known, but the tokens are nobody else's.
    await pause(LATE_MS)
    const rows = await taken<Row>(ground, call, keys, tokens).catch(() => [])
    if (rows.length === 0) throw error
    return { count: rows.length, rows }
  }
}

async function taken<Row>(
  ground: Ground,
  call: Call,
  keys: readonly unknown[],
  tokens: readonly string[],
): Promise<ReservedRow<Row>[]> {
  const { id, reservationId } = ground.columns
  const found = await documents(call, { [id]: { $in: keys }, [reservationId]: { $in: tokens } })
  const rows = found.map((document) => reservedOf<Row>(ground, document))
  const place = new Map(tokens.map((token, at) => [token, at]))
  return rows.sort((a, b) => (place.get(a.token ?? '') ?? 0) - (place.get(b.token ?? '') ?? 0))
}
