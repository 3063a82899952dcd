/** Pages of rows, and rows by id. */
import type { Filter } from 'mongodb'
import type { FindBy, Page, Row } from '../../src/storage/index.ts'
import type { Call } from './call.ts'
import { rowOf, type StoredRow } from './document.ts'

/**
 * How many rows a page by names may look at, so that it ends however rare the rows are that it is asked for; it may be
 * short, and `after` leads on.
 */
const WINDOW = 10_000

const PRIORITIES = Array.from({ length: 10 }, (_, priority) => priority)

type ByParent = Extract<FindBy, { readonly parent: string }>

export async function get(call: Call, ids: readonly string[]): Promise<(Row | undefined)[]> {
  const found = await call.rows({ _id: { $in: ids } })
  const byId = new Map(found.map((stored) => [stored._id, stored]))
  return ids.map((id) => {
    const stored = byId.get(id)
    // A row of its own for each place, should an id be asked for twice.
    return stored && rowOf(stored)
  })
}

export async function find(call: Call, by: FindBy, limit: number): Promise<Page> {
  if ('key' in by) return { rows: (await call.rows({ key: { $eq: by.key } }, { limit })).map(rowOf), after: null }
  if ('claimedBy' in by) {
    const lanes = { name: { $in: by.names }, priority: { $in: PRIORITIES }, wakeAt: by.until }
    const rows = await call.rows({ ...lanes, holder: { $eq: by.claimedBy } }, { limit, hint: 'due' })
    return { rows: rows.map(rowOf), after: null }
  }
  const states = by.states && { state: { $in: by.states } }
  if ('parent' in by) return findParts(call, by, limit)
  const names = by.names && { name: { $in: by.names } }
  if ('doneBefore' in by) {
    const filter = { doneAt: { $lt: by.doneBefore }, ...names, ...states }
    return { rows: (await call.rows(filter, { sort: { doneAt: 1 }, limit })).map(rowOf), after: null }
  }
  const after = by.after ?? ''
  const end = await endOfWindow(call, after)
  const ids = { $gt: after, ...(end !== null && { $lte: end }) }
  return ordered(call, { ...names, ...states, _id: ids }, limit, end)
}

/**
 * The index of states is read state by state, and the server may stop in between to let others write: a row that goes
 * from a state to another is then in neither (1 of 15,000 looks missed one). So a list by several states goes by the ids,
 * which stay; only whether there is any such row is asked of the states first, since mostly there is.
 */
async function findParts(call: Call, { parent, states, after }: ByParent, limit: number): Promise<Page> {
  const first = `${parent}/`
  const behind = after !== undefined && after > first ? after : first
  // Its id begins with `parent/`, and `0` is the character behind the slash.
  const bounds = { $gt: behind, $lt: `${parent}0` }
  const filter = { parent: { $eq: parent }, ...(states && { state: { $in: states } }) }
  if (states && (limit === 1 || states.length === 1)) {
    const page = await ordered(call, { ...filter, _id: bounds }, limit, null, 'parent')
    if (page.rows.length > 0 || states.length === 1) return page
  }
  // Rows of the rows, such as a part's items, lie in between: these are told by their ids, without being read.
  const _id = { ...bounds, $regex: `^.{${first.length}}[^/]*$` }
  return ordered(call, { ...filter, _id }, limit, null, '_id_')
}

/** `end`: where to go on if the page is not full. */
async function ordered(
  call: Call,
  filter: Filter<StoredRow>,
  limit: number,
  end: string | null,
  hint = '_id_',
): Promise<Page> {
  const rows = (await call.rows(filter, { sort: { _id: 1 }, limit, hint })).map(rowOf)
  return { rows, after: rows.length === limit ? (rows.at(-1)?.id ?? null) : end }
}

async function endOfWindow(call: Call, after: string): Promise<string | null> {
  const options = { sort: { _id: 1 }, projection: { _id: 1 }, skip: WINDOW - 1, limit: 1 } as const
  const [last] = await call.rows({ _id: { $gt: after } }, options)
  return last?._id ?? null
}
