/** Compare-and-set and lease extension: writes that hold only at the revision that the caller saw. */
import type { Document } from 'mongodb'
import { type ApplyResult, type Change, isOwnWrite, type NextRow, type Row } from '../../src/storage/index.ts'
import type { Call } from './call.ts'
import { lots, rowOf } from './document.ts'
import { atRevisions, movedBy, nextRevision, placeIn } from './revisions.ts'

/**
 * Changes in one command: each row looks for its place in the list. CPU of the server a change: 113 us in lots of 100,
 * 165 in lots of 500, two rounds.
 */
const LOT = 100

/** A change that removes nothing. */
type Rewrite = Change & { readonly next: NextRow }

/**
 * A lot is one command, whose answer is only how many rows it changed. All of them: done. Else the rows are read back,
 * and each tells whether this call made its next revision, even if others have written it since.
 */
export function applier(newWrite: () => string): (call: Call, changes: readonly Change[]) => Promise<ApplyResult[]> {
  return async (call, changes) => {
    const results = new Map<Change, ApplyResult>()
    const write = newWrite()
    const rewrites = changes.filter(isRewrite)
    for (const lot of lots(rewrites, LOT, ({ next }) => next.memo.length)) {
      const { n } = await call.write({ update: call.names.row, updates: [rewriteStatement(lot, write)] })
      await tell(call, lot, n, write, results)
    }
    const removals = changes.filter((change) => !isRewrite(change))
    for (const lot of lots(removals, LOT, () => 0)) {
      const { n } = await call.write({ delete: call.names.row, deletes: [{ q: atRevisions(rowsOf(lot)), limit: 0 }] })
      await tell(call, lot, n, write, results)
    }
    return changes.map((change) => results.get(change) ?? 'stale')
  }
}

/** One command extends all; where it met fewer, those that it did not meet are looked up. */
export async function extend(call: Call, rows: readonly Row[], until: number): Promise<boolean[]> {
  const results: boolean[] = []
  for (const lot of lots(rows, LOT, () => 0)) {
    const q = { ...atRevisions(lot), wakeAt: { $exists: true } }
    const update = { q, u: { $set: { wakeAt: until } }, multi: true }
    const { n } = await call.write({ update: call.names.row, updates: [update] })
    if (n === lot.length) results.push(...lot.map(() => true))
    else results.push(...(await extended(call, lot, until)))
  }
  return results
}

/** A row at our revision with our lease is extended, whoever set it: nobody else can have an older right to it. */
async function extended(call: Call, rows: readonly Row[], until: number): Promise<boolean[]> {
  const filter = { _id: { $in: rows.map((row) => row.id) }, wakeAt: until }
  const found = await call.rows(filter, { projection: { rev: 1 } })
  const revs = new Map(found.map((stored) => [stored._id, stored.rev]))
  return rows.map((row) => revs.get(row.id) === row.rev)
}

function rowsOf(changes: readonly Change[]): Row[] {
  return changes.map(({ row }) => row)
}

function isRewrite(change: Change): change is Rewrite {
  return change.next !== null
}

function rewriteStatement(lot: readonly Rewrite[], write: string): Document {
  const place = placeIn(lot.map(({ row }) => row.id))
  const written = lot.map(({ next: { keepKey, wakeAt, holder, doneAt, ...columns } }) => ({
    ...columns,
    ...(wakeAt !== null && { wakeAt }),
    ...(holder !== null && { holder }),
    ...(doneAt !== null && { doneAt }),
  }))
  const keeps = lot.map(({ next }) => next.keepKey)
  // What is not named here is gone afterwards: a column that has become `null`, a key that was let go of.
  const kept = {
    _id: '$_id',
    name: '$name',
    parent: '$parent',
    input: '$input',
    key: { $cond: [{ $arrayElemAt: [keeps, place] }, '$key', '$$REMOVE'] },
    ...nextRevision(write),
  }
  const next = { $mergeObjects: [kept, { $arrayElemAt: [{ $literal: written }, place] }] }
  return { q: atRevisions(rowsOf(lot)), u: [{ $replaceWith: next }], multi: true }
}

/** Notes what became of the changes of a lot, of which the command met `count`. */
async function tell(
  call: Call,
  lot: readonly Change[],
  count: number,
  write: string,
  results: Map<Change, ApplyResult>,
): Promise<void> {
  if (count === lot.length) {
    for (const change of lot) results.set(change, 'applied')
    return
  }
  const found = await call.rows({ _id: { $in: lot.map(({ row }) => row.id) } })
  const byId = new Map(found.map((stored) => [stored._id, stored]))
  const ours = movedBy(write, rowsOf(lot), found, count)
  for (const change of lot) {
    const { id } = change.row
    const stored = byId.get(id)
    const isOurs = ours.has(id) || isOwnWrite(change, stored && rowOf(stored))
    results.set(change, isOurs ? 'applied' : 'stale')
  }
}
