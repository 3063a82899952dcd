/** Inserts rows, as if one after another where they could be in each other's way. */
import type { InsertResult, Row } from '../../src/storage/index.ts'
import { aliases, type Item, textIn } from './attributes.ts'
import { newMark } from './chance.ts'
import type { Database, Outcome } from './database.ts'
import { dropInput, putInput } from './inputs.ts'
import { isLarge, itemOf } from './item.ts'
import { standingOf, takeLock } from './key-lock.ts'
import { rowKey } from './layout.ts'
import type { Plan } from './plan.ts'
import { sideBySide } from './requests.ts'

/** How often a row is tried whose key or id went from hand to hand meanwhile. */
const TRIES_MAX = 20

const ABSENT = 'attribute_not_exists(#pk)'

export async function insert(db: Database, plan: Plan, rows: readonly Row[]): Promise<InsertResult[]> {
  const results = new Map<Row, InsertResult>()
  for (const wave of waves(rows)) {
    const answers = await sideBySide(wave, (row) => insertOne(db, plan, row)).catch((error: unknown) => {
      if (results.size === 0) throw error
      throw new Error(`${results.size} of ${rows.length} rows were inserted before one failed`, { cause: error })
    })
    for (const [at, row] of wave.entries()) results.set(row, answers[at] as InsertResult)
  }
  return rows.map((row) => results.get(row) as InsertResult)
}

/** Rows with one id or one key never stand in one wave, and come in the order given. */
function waves(rows: readonly Row[]): Row[][] {
  const made: Row[][] = []
  let left = rows
  while (left.length > 0) {
    const taken = new Set<string>()
    const wave: Row[] = []
    const later: Row[] = []
    for (const row of left) {
      const words = row.key === null ? [`i${row.id}`] : [`i${row.id}`, `k${row.key}`]
      if (words.some((word) => taken.has(word))) later.push(row)
      else wave.push(row)
      // Also for one that has to wait: the next one must not overtake it.
      for (const word of words) taken.add(word)
    }
    made.push(wave)
    left = later
  }
  return made
}

async function insertOne(db: Database, plan: Plan, row: Row): Promise<InsertResult> {
  const mark = newMark()
  const item = itemOf(row, mark, plan)
  // First, so that nobody ever sees the row without it.
  if (isLarge(row.input)) await putInput(db, row, mark)
  const result = row.key === null ? await plain(db, row, item, mark) : await keyed(db, row, row.key, item, mark)
  if (result !== 'inserted' && isLarge(row.input)) await dropInput(db, row.id, mark)
  return result
}

async function plain(db: Database, row: Row, item: Item, mark: string): Promise<InsertResult> {
  for (let tries = 1; tries <= TRIES_MAX; tries++) {
    const outcome: Outcome = await db.put(item, { ConditionExpression: ABSENT, ...aliases(ABSENT) })
    if (outcome.done) return 'inserted'
    // Our own, repeated by the SDK after its answer was lost?
    if (outcome.found !== undefined) return textIn(outcome.found, 'mark') === mark ? 'inserted' : { duplicate: row.id }
  }
  throw new Error(`Row ${row.id} was inserted and removed by others ${TRIES_MAX} times while it was to be inserted`)
}

async function keyed(db: Database, row: Row, key: string, item: Item, mark: string): Promise<InsertResult> {
  let abandoned: string | undefined
  for (let tries = 1; tries <= TRIES_MAX; tries++) {
    const put = {
      TableName: db.table,
      Item: item,
      ConditionExpression: ABSENT,
      ...aliases(ABSENT),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    }
    const reasons = await db.transact([takeLock(db.table, key, row.id, mark, abandoned), { Put: put }])
    if (reasons === undefined) return 'inserted'
    const [lock, own] = reasons
    if (own?.Code === 'ConditionalCheckFailed') {
      const found = own.Item ?? (await db.get(rowKey(row.id)))
      if (found !== undefined) return textIn(found, 'mark') === mark ? 'inserted' : { duplicate: row.id }
    }
    if (lock?.Code === 'ConditionalCheckFailed') {
      const standing = await standingOf(db, key, lock.Item)
      if (standing.owner) {
        return textIn(standing.owner, 'mark') === mark
          ? 'inserted'
          : { duplicate: textIn(standing.owner, 'id') ?? row.id }
      }
      abandoned = standing.abandoned
    }
  }
  throw new Error(`The key of row ${row.id} went from hand to hand ${TRIES_MAX} times while it was to be inserted`)
}
