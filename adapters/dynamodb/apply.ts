/** Compare-and-set and lease extension: conditional writes, each of which knows itself when it comes twice. */
import { type ApplyResult, type Change, isOwnWrite, type NextRow, type Row } from '../../src/storage/index.ts'
import { aliases, type Item, number, text, textIn, update } from './attributes.ts'
import { type Database, sureOf } from './database.ts'
import { dropInput, expireInput } from './inputs.ts'
import { changing, expiryOf, isLarge, rowOf } from './item.ts'
import { freeLock } from './key-lock.ts'
import { dueTurn, rowKey } from './layout.ts'
import type { Plan } from './plan.ts'
import { sideBySide } from './requests.ts'

const SEEN = '#rev = :seen'

export async function apply(db: Database, plan: Plan, changes: readonly Change[]): Promise<ApplyResult[]> {
  const named = changes.map((change) => ({ id: change.row.id, change }))
  return sideBySide(named, ({ change }) => {
    const { row, next } = change
    return next === null ? remove(db, change) : rewrite(db, plan, change, row, next)
  })
}

async function rewrite(db: Database, plan: Plan, change: Change, row: Row, next: NextRow): Promise<ApplyResult> {
  const large = isLarge(row.input)
  const expires = expiryOf(next, plan)
  // A finished row that comes back to life: before it does, its input must be safe from expiring.
  if (large && row.doneAt !== null && expires === undefined) {
    const found = await db.get(rowKey(row.id))
    if (found?.expires !== undefined) await expireInput(db, row.id, textIn(found, 'mark'), undefined)
  }
  const letsGo = row.key !== null && !next.keepKey
  const assignments = { ...changing(row, next, plan), ...(next.keepKey ? {} : { key: undefined }) }
  const outcome = await db.update(rowKey(row.id), {
    ...update(assignments, SEEN, { ':seen': number(row.rev), ':one': number(1) }, ['#rev = #rev + :one']),
    // The old item is free of charge, but not of bytes.
    ReturnValues: letsGo || (large && expires !== undefined) ? 'ALL_OLD' : 'NONE',
  })
  if (!outcome.done && !isOwnWrite(change, outcome.found && rowOf(outcome.found))) {
    sureOf(outcome, row.id)
    return 'stale'
  }
  const mark = markIn(outcome.done ? outcome.item : outcome.found)
  if (letsGo && row.key !== null) await freeLock(db, row.key, mark)
  // The row is written: an input that stays for ever is only garbage.
  if (large && expires !== undefined) await expireInput(db, row.id, mark, expires).catch(() => {})
  return 'applied'
}

async function remove(db: Database, change: Change): Promise<ApplyResult> {
  const { row } = change
  const outcome = await db.remove(rowKey(row.id), {
    ConditionExpression: SEEN,
    ...aliases(SEEN),
    ExpressionAttributeValues: { ':seen': number(row.rev) },
    ReturnValues: 'ALL_OLD',
  })
  // Nobody can tell a removal from the row that came back under its id; `stale` then is as true as `applied`.
  if (!outcome.done) return isOwnWrite(change, outcome.found && rowOf(outcome.found)) ? 'applied' : 'stale'
  const mark = markIn(outcome.item)
  const key = outcome.item && textIn(outcome.item, 'key')
  if (typeof key === 'string') await freeLock(db, key, mark)
  if (outcome.item !== undefined && outcome.item.input === undefined) await dropInput(db, row.id, mark)
  return 'applied'
}

/** What of the caller's row goes into the order of claims is no more than a hint: the row's own columns stay. */
export function extend(db: Database, rows: readonly Row[], until: number): Promise<boolean[]> {
  return sideBySide(rows, async ({ id, rev, priority, tries }) => {
    const assignments = { wakeAt: number(until), turn: text(dueTurn(priority, until, tries, id)) }
    const condition = `${SEEN} AND attribute_exists(#wakeAt)`
    const outcome = await db.update(rowKey(id), update(assignments, condition, { ':seen': number(rev) }))
    return outcome.done
  })
}

function markIn(item: Item | undefined): string | null {
  return item === undefined ? null : textIn(item, 'mark')
}
