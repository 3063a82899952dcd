/** The comparison of a storage with the oracle, step by step, in one random history. */
import { strict as assert } from 'node:assert'
import type { InsertResult, Row, Storage } from '../storage/index.ts'
import { type Call, callOf, freshMemory, type Memory, type Step, snapshot } from './model-steps.ts'
import { byBytes, oracle } from './oracle.ts'
import { same, sameRows } from './rows.ts'
import { pages } from './steps.ts'

/** Runs one history on the storage and on an oracle of its own; throws at the first thing that differs. */
export async function follow(storage: Storage, steps: readonly Step[]): Promise<void> {
  const right = oracle(storage.traits)
  const memory = freshMemory()
  for (const step of steps) {
    const call = callOf(step, memory)
    if (call !== null) await compared(call, storage, right, memory)
    await sameWorld(call?.verb ?? 'nothing', storage, right, memory)
  }
}

/** Makes one call on both, and compares the answers. */
export async function compared(call: Call, storage: Storage, right: Storage, memory: Memory): Promise<void> {
  const lags = storage.traits.lagMs > 0
  switch (call.verb) {
    case 'insert':
      return insertAnswered(call.rows, await storage.insert(call.rows), await right.insert(call.rows), right)
    case 'extend':
      return answered(call, await storage.extend(call.rows, call.until), await right.extend(call.rows, call.until))
    case 'apply':
      return answered(call, await storage.apply(call.changes), await right.apply(call.changes))
    case 'claim': {
      const rows = await storage.claim(call.request)
      const expected = await claimedAlike(call, rows, storage, right)
      sameRows(rows, expected, `claim answered otherwise than the contract says to ${JSON.stringify(call.request)}`)
      memory.seen.push(...rows)
      return
    }
    case 'find': {
      if (lags && !('parent' in call.by) && !('key' in call.by)) return
      const all = (one: Storage) =>
        'parent' in call.by || ('names' in call.by && !('doneBefore' in call.by) && !('claimedBy' in call.by))
          ? pages(one, call.by as { parent: string }, call.limit)
          : Promise.resolve(one.find(call.by, 8)).then(({ rows }) => rows)
      return byDoneOrId(call, await all(storage), await all(right))
    }
    case 'count': {
      if (lags) return
      const by = { ...(call.parent === null ? {} : { parent: call.parent }), states: call.states, upTo: 100 }
      return answered(call, await storage.count(by), await right.count(by))
    }
  }
}

/** Rows that were done in one millisecond may come in any order; all others in the one order that there is. */
function byDoneOrId(call: Call & { verb: 'find' }, found: readonly Row[], expected: readonly Row[]): void {
  const complaint = `find answered otherwise than the contract says to ${JSON.stringify(call.by)}`
  const sorted = (rows: readonly Row[]) => [...rows].sort((one, other) => byBytes(one.id, other.id))
  const anyOrder = 'doneBefore' in call.by || 'claimedBy' in call.by
  const instants = (rows: readonly Row[]) => rows.map((row) => ('doneBefore' in call.by ? row.doneAt : null))
  assert.deepEqual(instants(found), instants(expected), complaint)
  sameRows(anyOrder ? sorted(found) : found, anyOrder ? sorted(expected) : expected, complaint)
}

/** Where the order is only `close`, the oracle claims just the rows that the adapter chose, if it may choose them. */
async function claimedAlike(
  call: Call & { verb: 'claim' },
  rows: readonly Row[],
  storage: Storage,
  right: Storage,
): Promise<Row[]> {
  if (storage.traits.order === 'exact') return right.claim(call.request)
  const { request } = call
  assert.ok(rows.length <= request.limit, `claim handed out ${rows.length} rows where the limit is ${request.limit}`)
  for (const { name, limit } of request.wants) {
    const count = rows.filter((row) => row.name === name).length
    assert.ok(count <= limit, `claim handed out ${count} rows of a name whose limit is ${limit}`)
  }
  const known = await right.get(rows.map((row) => row.id))
  const due = known.filter((row) => row !== undefined && row.wakeAt !== null && row.wakeAt <= request.now)
  assert.equal(due.length, rows.length, 'claim handed out a row that is not due')
  const unwanted = rows.find((row) => request.wants.every((want) => want.name !== row.name))
  assert.equal(unwanted, undefined, `claim handed out ${unwanted?.id}, whose name is not wanted`)
  const { holder, until } = request
  await right.apply(
    known.map((row) => {
      const { state, priority, doneAt, memo, tries } = row!
      const next = state === 'waiting' ? 'running' : state
      return {
        row: row!,
        next: { state: next, priority, doneAt, memo, tries: tries + 1, holder, wakeAt: until, keepKey: true },
      }
    }),
  )
  return (await right.get(rows.map((row) => row.id))).map((row) => row!)
}

function answered(call: Call, found: unknown, expected: unknown): void {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
  const message = `${call.verb} answered ${JSON.stringify(found)} where the contract says ${JSON.stringify(expected)}`
  assert.deepEqual(plain(found), plain(expected), message)
}

/** A row whose id and key are taken by two rows may be refused with the name of either. */
async function insertAnswered(
  rows: readonly Row[],
  found: readonly InsertResult[],
  expected: readonly InsertResult[],
  right: Storage,
): Promise<void> {
  const message = `insert answered ${JSON.stringify(found)} where the contract says ${JSON.stringify(expected)}`
  for (const [index, answer] of found.entries()) {
    const { id, key } = rows[index]!
    const owner = key === null ? undefined : (await right.find({ key }, 1)).rows[0]?.id
    const refused = expected[index] !== 'inserted' && typeof answer === 'object'
    if (!refused || ![id, owner].includes(answer.duplicate)) assert.deepEqual(answer, expected[index], message)
  }
}

/** Compares every row of the small world, and remembers it for later steps. */
export async function sameWorld(verb: string, storage: Storage, right: Storage, memory: Memory): Promise<void> {
  const [found, expected] = [await snapshot(storage), await snapshot(right)]
  for (const [index, row] of expected.rows.entries()) {
    same(found.rows[index], row, `after ${verb} the adapter holds another row than the contract says`)
    if (row) memory.seen.push(row)
  }
  for (const [index, rows] of expected.found.entries()) {
    sameRows(found.found[index]!, rows, `after ${verb} find by parent or key gives other rows than get`)
  }
  // A long memory makes later draws old ones; the last sixty sights hold both fresh and stale revs.
  memory.seen.splice(0, Math.max(0, memory.seen.length - 60))
}
