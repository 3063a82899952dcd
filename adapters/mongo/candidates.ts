/** Which rows a claim tries to get: the first due ones over all names, in exact order, by one query where it can be. */
import type { Document } from 'mongodb'
import type { ClaimRequest } from '../../src/storage/index.ts'
import type { Call } from './call.ts'
import { anyBelow } from './chance.ts'
import type { StoredRow } from './document.ts'

/** From 201 names on the server no longer merges their ranges of the index; it sorts every due row instead. */
const NAMES_MAX = 200

/**
 * Ranges with a limit of their own cost about 0.3 ms each, however idle; all names in one range 6 ms for 250. Above this
 * many, one range is read first, and its answer is enough unless a name's limit cut it.
 */
const RANGES_MAX = 8

/** Ranges in one command. */
const RANGES_LOT = 100

/** How many times the rows that it wants a claim chooses from, where others go for the same ones. */
const SPREAD = 8

const ORDER = { priority: 1, wakeAt: 1, tries: 1, _id: 1 } as const

/** A due row as the index has it. */
type Candidate = Pick<StoredRow, '_id' | 'name' | 'priority' | 'tries'> & { readonly wakeAt: number }

/** Names that share a limit. */
interface Range {
  readonly names: readonly string[]
  readonly limit: number
}

/** The ids of the rows to claim, in order. `isSpread`: from anywhere among the first ones, not the very first. */
export async function candidates(call: Call, request: ClaimRequest, isSpread: boolean): Promise<string[]> {
  const { wants, limit, now } = request
  const factor = isSpread ? SPREAD : 1
  const ranges = rangesOf(request, factor)
  if (ranges.length > RANGES_MAX) {
    const all = chunks(
      wants.map((want) => want.name),
      limit * factor,
    )
    const found = await due(call, all, limit * factor, now)
    const picked = pick(found, request)
    if (picked.length === limit || found.length < limit * factor) return picked
  }
  return pick(await due(call, ranges, limit * factor, now), request)
}

/** A name that may fill the whole claim needs no limit of its own. */
function rangesOf({ wants, limit }: ClaimRequest, factor: number): Range[] {
  const free = wants.filter((want) => want.limit >= limit)
  const bound = wants.filter((want) => want.limit < limit)
  return [
    ...chunks(
      free.map((want) => want.name),
      limit * factor,
    ),
    ...bound.map((want) => ({ names: [want.name], limit: want.limit * factor })),
  ]
}

function chunks(names: readonly string[], limit: number): Range[] {
  const made: Range[] = []
  for (let at = 0; at < names.length; at += NAMES_MAX) made.push({ names: names.slice(at, at + NAMES_MAX), limit })
  return made
}

/** The first due rows of all ranges together, in order. */
async function due(call: Call, ranges: readonly Range[], limit: number, now: number): Promise<Candidate[]> {
  const found: Candidate[] = []
  for (let at = 0; at < ranges.length; at += RANGES_LOT) {
    const [first, ...others] = ranges.slice(at, at + RANGES_LOT).map((range) => stagesOf(range, now))
    const unions = others.map((pipeline) => ({ $unionWith: { coll: call.names.row, pipeline } }))
    const merge = others.length > 0 ? [{ $sort: ORDER }, { $limit: limit }] : []
    const pipeline = [...(first ?? []), ...unions, ...merge]
    const reply = await call.read({ aggregate: call.names.row, pipeline, cursor: { batchSize: limit + 1 } })
    found.push(...reply.cursor.firstBatch)
  }
  if (ranges.length > RANGES_LOT) found.sort(inOrder)
  return found.slice(0, limit)
}

/** Only what the index has, so that no row is read. A range over `priority` as well would make the server sort. */
function stagesOf({ names, limit }: Range, now: number): Document[] {
  const projection = { name: 1, priority: 1, wakeAt: 1, tries: 1 }
  const match = { name: { $in: names }, wakeAt: { $lte: now } }
  return [{ $match: match }, { $sort: ORDER }, { $limit: limit }, { $project: projection }]
}

function inOrder(a: Candidate, b: Candidate): number {
  return a.priority - b.priority || a.wakeAt - b.wakeAt || a.tries - b.tries || (a._id < b._id ? -1 : 1)
}

/** The first of them that no limit forbids, beginning anywhere that leaves enough of them. */
function pick(found: readonly Candidate[], { wants, limit }: ClaimRequest): string[] {
  const left = new Map(wants.map((want) => [want.name, want.limit]))
  const picked: string[] = []
  const from = found.length > limit ? anyBelow(found.length - limit + 1) : 0
  for (const { _id, name } of found.slice(from)) {
    const more = left.get(name) ?? 0
    if (more === 0) continue
    left.set(name, more - 1)
    picked.push(_id)
    if (picked.length === limit) break
  }
  return picked
}
