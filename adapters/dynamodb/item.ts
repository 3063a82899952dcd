/** Rows as items of the table, and back. */
import { type NextRow, type Row, RUNNING, WAITING } from '../../src/storage/index.ts'
import { type Assignments, type Item, keyItem, number, numberIn, text, textIn } from './attributes.ts'
import { doneGroup, doneTurn, dueGroup, dueTurn, listGroup, rowKey, shardOf } from './layout.ts'
import type { Plan } from './plan.ts'

/**
 * An input of more bytes lies in an item of its own: claims, beats and settles rewrite the row, and are billed for each
 * kilobyte of it. A row with a shorter one fits into the first.
 */
const INLINE_MAX_BYTES = 600

const DAY_SECONDS = 86_400

export function isLarge(input: string): boolean {
  return input.length > INLINE_MAX_BYTES || Buffer.byteLength(input) > INLINE_MAX_BYTES
}

/** The item of a new row. `mark` names the insert: by it a repeated request is told for one's own. */
export function itemOf(row: Row, mark: string, plan: Plan): Item {
  const item: Record<string, Item[string] | undefined> = {
    ...keyItem(rowKey(row.id)),
    id: text(row.id),
    name: text(row.name),
    mark: text(mark),
    rev: number(row.rev),
    key: row.key === null ? undefined : text(row.key),
    input: isLarge(row.input) ? undefined : text(row.input),
    list: plan.listing ? text(listGroup(row.name, shardOf(row.id, plan.shards))) : undefined,
    ...changing(row, row, plan),
  }
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined)) as Item
}

/** Every attribute that an apply may change, but for `rev` and `key`. */
export function changing(
  { id, name }: Pick<Row, 'id' | 'name'>,
  next: Omit<NextRow, 'keepKey'>,
  plan: Plan,
): Assignments {
  const { state, priority, wakeAt, tries, holder, doneAt, memo } = next
  return {
    state: text(state),
    priority: number(priority),
    wakeAt: wakeAt === null ? undefined : number(wakeAt),
    tries: number(tries),
    holder: holder === null ? undefined : text(holder),
    doneAt: doneAt === null ? undefined : number(doneAt),
    memo: text(memo),
    // Only a claim sets it.
    claimed: undefined,
    ...indexed(id, name, next, plan),
  }
}

/** A row is among the due ones while it has a wake time, and then, unless it expires, among the finished ones. */
function indexed(id: string, name: string, next: Omit<NextRow, 'keepKey'>, plan: Plan): Assignments {
  const shard = shardOf(id, plan.shards)
  const { priority, wakeAt, tries, doneAt } = next
  const none = { due: undefined, turn: undefined, expires: undefined }
  if (wakeAt !== null)
    return { ...none, due: text(dueGroup(name, shard)), turn: text(dueTurn(priority, wakeAt, tries, id)) }
  if (doneAt === null) return none
  const expires = expiryOf(next, plan)
  if (expires !== undefined) return { ...none, expires: number(expires) }
  return { ...none, due: text(doneGroup(shard)), turn: text(doneTurn(doneAt, id)) }
}

/** When a row that is written so is to be removed by DynamoDB, in seconds since 1970, or `undefined`. */
export function expiryOf({ wakeAt, doneAt }: Pick<Row, 'wakeAt' | 'doneAt'>, plan: Plan): number | undefined {
  if (plan.keepDoneDays === undefined || wakeAt !== null || doneAt === null) return undefined
  return Math.ceil(doneAt / 1000 + plan.keepDoneDays * DAY_SECONDS)
}

/** The row of an item whose input, where it lies elsewhere, is given. */
export function rowOf(item: Item, input = textIn(item, 'input') ?? ''): Row {
  const id = textIn(item, 'id') ?? ''
  const slash = id.lastIndexOf('/')
  return {
    id,
    name: textIn(item, 'name') ?? '',
    state: stateOf(item),
    priority: numberIn(item, 'priority') ?? 0,
    wakeAt: numberIn(item, 'wakeAt'),
    rev: numberIn(item, 'rev') ?? 0,
    tries: numberIn(item, 'tries') ?? 0,
    holder: textIn(item, 'holder'),
    key: textIn(item, 'key'),
    parent: slash < 0 ? null : id.slice(0, slash),
    doneAt: numberIn(item, 'doneAt'),
    input,
    memo: textIn(item, 'memo') ?? '',
  }
}

/** A claim does not know the state that it finds: it leaves its own word beside it, and `waiting` then reads `running`. */
export function stateOf(item: Item): string {
  const state = textIn(item, 'state') ?? ''
  return state === WAITING && item.claimed !== undefined ? RUNNING : state
}

export function isRow(item: Item): boolean {
  return item.mark !== undefined && item.name !== undefined
}
