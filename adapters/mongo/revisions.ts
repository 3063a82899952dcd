/** Who made which revision: how a command that changes many rows and answers with a number tells its own. */
import type { Document } from 'mongodb'
import type { Row } from '../../src/storage/index.ts'
import type { StoredRow } from './document.ts'

/**
 * How many of its last revisions a row knows the writer of. A call reads rows back once its write is in the journal, and
 * so many others would have to change one of them meanwhile for the call to take its write for somebody else's: with
 * four, a race on a clock that others move did see it. A task that is claimed and finished has two.
 */
const WRITERS_MAX = 16

/** The rows that are at these revisions. */
export function atRevisions(rows: readonly Pick<Row, 'id' | 'rev'>[]): Document {
  const ids = rows.map(({ id }) => id)
  const revs = rows.map(({ rev }) => rev)
  return { _id: { $in: ids }, $expr: { $eq: ['$rev', { $arrayElemAt: [{ $literal: revs }, placeIn(ids)] }] } }
}

/** Where a row stands in the list. `$literal` keeps a text that begins with `$` what it is. */
export function placeIn(ids: readonly string[]): Document {
  return { $indexOfArray: [{ $literal: ids }, '$_id'] }
}

/** What every new revision sets: its number and its writer, `write`, a name that nobody else uses. */
export function nextRevision(write: string): Document {
  const writers = { $concatArrays: [[{ $literal: write }], { $ifNull: ['$writers', []] }] }
  return { rev: { $add: ['$rev', 1] }, writers: { $slice: [writers, WRITERS_MAX] } }
}

/**
 * The ids of the rows that `write` moved on from the revisions given, whatever became of them since; `found` is how they
 * are now. `count`: how many the command said it met, where it said so. What is missing of it then was removed since, if
 * just as many rows are gone.
 */
export function movedBy(
  write: string,
  rows: readonly Pick<Row, 'id' | 'rev'>[],
  found: readonly StoredRow[],
  count?: number,
): Set<string> {
  const byId = new Map(found.map((stored) => [stored._id, stored]))
  const moved = rows.filter(({ id, rev }) => {
    const stored = byId.get(id)
    return stored?.writers?.[stored.rev - rev - 1] === write
  })
  const gone = rows.filter(({ id }) => !byId.has(id))
  if (moved.length + gone.length === count) moved.push(...gone)
  return new Set(moved.map(({ id }) => id))
}
