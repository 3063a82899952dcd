/** `model()`: random histories on an adapter and on the oracle, compared answer by answer and row by row. */
import { strict as assert } from 'node:assert'
import type { InsertResult, Row, Storage } from '../storage/index.ts'
import { type Call, callOf, freshMemory, type Memory, NUMBERS, type Step, snapshot } from './model-steps.ts'
import { byBytes, oracle } from './oracle.ts'
import { chosenSeed } from './random.ts'
import { same, sameRows } from './rows.ts'
import { pages } from './steps.ts'
import { type Create, type Test, withSubject } from './subject.ts'

export interface ModelOptions {
  readonly test: Test
  /** Makes an empty storage, called afresh for every history. */
  readonly create: Create
  /** How many histories. @default 1000 */
  readonly histories?: number
  /** Repeats a run. @default `PIECEWORK_SEED`, else a new one each time */
  readonly seed?: number
  /** With the seed, goes straight to the history that failed. @default `PIECEWORK_PATH`, else all of them */
  readonly path?: string
}

const STEPS_MAX = 40

/** Declares one test: in any history an adapter answers as the oracle does, and holds the same rows after every step. */
export function model({ test, create, histories = 1_000, seed, path }: ModelOptions): void {
  test(`model - P-DIFF ${histories} random histories leave the adapter and the oracle with the same answers and rows`, async () => {
    // Imported here, so that whoever runs only the named cases does not need it.
    const { default: fc } = await import('fast-check')
    const chosen = chosenSeed(seed, () => fc.sample(fc.nat(), 1)[0]!)
    const chosenPath = path ?? process.env.PIECEWORK_PATH
    console.log(`model: seed ${chosen} (PIECEWORK_SEED=${chosen} repeats it)`)
    const verbs = [
      'insert',
      'insert',
      'claim',
      'claim',
      'extend',
      'apply',
      'apply',
      'apply',
      'repeat',
      'find',
      'count',
      'wait',
    ] as const
    const anyStep: import('fast-check').Arbitrary<Step> = fc.record({
      verb: fc.constantFrom(...verbs),
      many: fc.integer({ min: 1, max: 4 }),
      numbers: fc.array(fc.nat({ max: 5_039 }), { minLength: NUMBERS, maxLength: NUMBERS, size: 'max' }),
    })
    const anyHistory = fc.array(anyStep, { minLength: 5, maxLength: STEPS_MAX, size: 'max' })
    const property = fc.asyncProperty(anyHistory, (steps) =>
      withSubject(create, ({ storage }) => follow(storage, steps)),
    )
    const parameters = { seed: chosen, numRuns: histories, ...(chosenPath ? { path: chosenPath } : {}) }
    const result = await fc.check(property, parameters)
    if (!result.failed) return
    const again = `PIECEWORK_SEED=${result.seed} PIECEWORK_PATH=${result.counterexamplePath}`
    const history = result.counterexample ? await retold(result.counterexample[0]) : 'no history'
    const cause = result.errorInstance instanceof Error ? result.errorInstance : new Error(String(result.errorInstance))
    throw new assert.AssertionError({ message: `${cause.message}\n${history}\nRepeat with ${again}` })
  })
}

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

async function compared(call: Call, storage: Storage, right: Storage, memory: Memory): Promise<void> {
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
        'parent' in call.by || ('names' in call.by && !('doneBefore' in call.by))
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
  const anyOrder = 'doneBefore' in call.by
  const instants = (rows: readonly Row[]) => rows.map((row) => row.doneAt)
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
  assert.equal(found.length, expected.length, message)
  for (const [index, answer] of found.entries()) {
    const { id, key } = rows[index]!
    const owner = key === null ? undefined : (await right.find({ key }, 1)).rows[0]?.id
    const refused = expected[index] !== 'inserted' && typeof answer === 'object'
    if (!refused || ![id, owner].includes(answer.duplicate)) assert.deepEqual(answer, expected[index], message)
  }
}

async function sameWorld(verb: string, storage: Storage, right: Storage, memory: Memory): Promise<void> {
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

/** The history as calls, for the one who has to understand it. */
async function retold(steps: readonly Step[]): Promise<string> {
  const [right, mirror] = [oracle(), oracle()]
  const memory = freshMemory()
  const lines: string[] = []
  for (const step of steps) {
    const call = callOf(step, memory)
    lines.push(call === null ? `time goes on to ${memory.now}` : JSON.stringify(call))
    if (call !== null) await compared(call, mirror, right, memory)
    await sameWorld(step.verb, mirror, right, memory)
  }
  return lines.map((line, index) => `${index + 1}. ${line}`).join('\n')
}
