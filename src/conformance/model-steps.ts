/** The steps of a random history: small numbers that are made into calls only when their turn comes. */
import type { Change, ClaimRequest, FindBy, Row, Storage } from '../storage/index.ts'
import { NOW, removed, rewritten } from './rows.ts'

/** One step. The numbers are drawn freely; what they mean depends on the rows that are there by then. */
export interface Step {
  readonly verb: 'insert' | 'claim' | 'extend' | 'apply' | 'repeat' | 'find' | 'count' | 'wait'
  readonly many: number
  readonly numbers: readonly number[]
}

export const NUMBERS = 12

/** Few of everything, so that histories meet themselves. */
const ids = ['a', 'b', 'c', 'a/1', 'a/2', 'b/1', 'A', 'a!'] as const
const names = ['x', 'y'] as const
const keys = ['k', 'K', null, null] as const
const states = ['waiting', 'waiting', 'running', 'held', 'mapping', 'completed'] as const
const memos = ['{}', '[1]', '"\u{1f600}"'] as const
const parents = ['a', 'b', 'c'] as const

export type Call =
  | { readonly verb: 'insert'; readonly rows: readonly Row[] }
  | { readonly verb: 'claim'; readonly request: ClaimRequest }
  | { readonly verb: 'extend'; readonly rows: readonly Row[]; readonly until: number }
  | { readonly verb: 'apply'; readonly changes: readonly Change[] }
  | { readonly verb: 'find'; readonly by: FindBy; readonly limit: number }
  | { readonly verb: 'count'; readonly parent: string | null; readonly states: readonly string[] }

/** What the author of a history remembers: the time, every row as it was ever seen, and the last changes. */
export interface Memory {
  now: number
  calls: number
  readonly seen: Row[]
  last: readonly Change[]
}

export function freshMemory(): Memory {
  return { now: NOW, calls: 0, seen: [], last: [] }
}

/** All that an adapter knows of the small world: every id, every parent, every key. */
export async function snapshot(storage: Storage): Promise<{ rows: (Row | undefined)[]; found: Row[][] }> {
  const rows = await storage.get(ids)
  const questions: FindBy[] = [...parents.map((parent) => ({ parent })), { key: 'k' }, { key: 'K' }]
  const found: Row[][] = []
  for (const by of questions) found.push((await storage.find(by, ids.length)).rows)
  return { rows, found }
}

/** The call that a step makes now, or `null` where it only lets time go by. */
export function callOf(step: Step, memory: Memory): Call | null {
  memory.now += 1 + (step.verb === 'wait' ? step.many * 10 : 0)
  memory.calls += 1
  const draw = drawer(step.numbers)
  switch (step.verb) {
    case 'wait':
      return null
    case 'insert':
      return { verb: 'insert', rows: times(step.many, () => anyRow(draw, memory.now)) }
    case 'claim':
      return { verb: 'claim', request: anyRequest(step.many, draw, memory) }
    case 'extend':
      return { verb: 'extend', rows: someSeen(step.many, draw, memory), until: memory.now + 1 + draw(20) }
    case 'apply': {
      const changes = someSeen(step.many, draw, memory).map((row) => anyChange(row, draw, memory))
      memory.last = changes
      return { verb: 'apply', changes }
    }
    case 'repeat':
      return { verb: 'apply', changes: memory.last }
    case 'find':
      return { verb: 'find', by: anyQuestion(draw, memory), limit: step.many }
    case 'count':
      return {
        verb: 'count',
        parent: draw(2) ? parents[draw(parents.length)]! : null,
        states: states.slice(draw(3), 3 + draw(3)),
      }
  }
}

type Draw = (below: number) => number

function drawer(numbers: readonly number[]): Draw {
  let next = 0
  return (below) => {
    const number = numbers[next % numbers.length]! + Math.floor(next / numbers.length) * 7
    next += 1
    return number % below
  }
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make)
}

function anyRow(draw: Draw, now: number): Row {
  const id = ids[draw(ids.length)]!
  const slash = id.indexOf('/')
  const wakes = draw(5) > 0
  const doneAt = draw(4) === 0 ? now - draw(30) : null
  return {
    id,
    name: names[draw(names.length)]!,
    state: states[draw(states.length)]!,
    priority: draw(3),
    wakeAt: wakes ? now - 10 + draw(20) : null,
    rev: now,
    tries: draw(2),
    holder: null,
    key: keys[draw(keys.length)]!,
    parent: slash < 0 ? null : id.slice(0, slash),
    doneAt,
    input: memos[draw(memos.length)]!,
    memo: memos[draw(memos.length)]!,
  }
}

function anyRequest(many: number, draw: Draw, memory: Memory): ClaimRequest {
  const all = names.map((name) => ({ name, limit: 1 + draw(3) }))
  const wants = draw(3) === 0 ? [all[draw(all.length)]!] : all
  const now = memory.now - (draw(8) === 0 ? 5 : 0)
  return { wants, limit: many, holder: `w#${memory.calls}`, now, until: memory.now + 1 + draw(20) }
}

/** Rows as they were seen at some time, each id once; half of the draws go for the latest sight. */
function someSeen(many: number, draw: Draw, memory: Memory): Row[] {
  const chosen = new Map<string, Row>()
  for (let n = 0; n < many && memory.seen.length > 0; n++) {
    const row = memory.seen[memory.seen.length - 1 - draw(memory.seen.length)]!
    const latest = draw(4) > 0 ? memory.seen.findLast((each) => each.id === row.id)! : row
    chosen.set(row.id, latest)
  }
  return [...chosen.values()]
}

function anyChange(row: Row, draw: Draw, memory: Memory): Change {
  if (draw(6) === 0) return removed(row)
  const { now, calls } = memory
  return rewritten(row, {
    state: states[draw(states.length)]!,
    priority: draw(3),
    wakeAt: draw(3) === 0 ? null : now - 5 + draw(15),
    tries: draw(2) ? row.tries : Math.max(0, row.tries - 1),
    holder: draw(3) === 0 ? null : `w#${calls}`,
    doneAt: draw(3) === 0 ? now : null,
    memo: memos[draw(memos.length)]!,
    keepKey: draw(3) > 0,
  })
}

function anyQuestion(draw: Draw, { now, seen }: Memory): FindBy {
  const some = draw(2) ? { states: states.slice(1, 3 + draw(3)) } : {}
  const after = draw(2) ? { after: ids[draw(ids.length)]! } : {}
  switch (draw(5)) {
    case 0:
      return { parent: parents[draw(parents.length)]!, ...some, ...after }
    case 1:
      return { key: draw(2) ? 'k' : 'K' }
    case 2:
      return { names: draw(2) ? names : [names[draw(names.length)]!], ...some, ...after }
    case 3: {
      // A claim of some row that was seen, mostly as it left the row.
      const { holder, wakeAt } = seen.filter((row) => row.holder !== null).at(-1 - draw(6)) ?? {
        holder: null,
        wakeAt: null,
      }
      return {
        claimedBy: holder ?? 'w#1',
        until: (wakeAt ?? now) + (draw(5) ? 0 : 1),
        names: draw(3) ? names : [names[0]],
      }
    }
    default:
      return { doneBefore: now - draw(20), ...some, ...(draw(2) ? { names: [names[0]] } : {}) }
  }
}
