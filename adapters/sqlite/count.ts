/** Counts of rows, by name and state. */
import type { Count, CountBy } from '../../src/storage/index.ts'
import type { Connection, Value } from './connection.ts'
import { within } from './find.ts'
import { partStatements } from './parts.ts'
import type { Names } from './schema.ts'

type Group = readonly [name: string, state: string, count: number]
type ByParent = Extract<CountBy, { parent: string }>

export function counter(names: Names): (db: Connection, by: CountBy) => Count {
  const inState = countStatements(names)
  const { states: statesOf } = partStatements(names)

  function* ofParent(db: Connection, { parent, states, upTo }: ByParent): Generator<Group> {
    const asked = states === undefined ? db.all(statesOf, parent, parent).map(([state]) => state) : new Set(states)
    let left = upTo
    for (const state of asked as Iterable<string>) {
      if (left <= 0) return
      const [first, last, count] = db.all(inState.all, parent, state, left)[0] as [string, string, number]
      left -= count
      if (count === 0) continue
      if (first === last) yield [first, state, count]
      else for (const [name, each] of db.all(inState.each, parent, state, count)) yield [name, state, each] as Group
    }
  }

  function inAll(db: Connection, by: Exclude<CountBy, ByParent>): Group[] {
    const named = within('name', by.names)
    const states = within('state', by.states)
    const sql = `select name, state, count(*) from (
        select name, state from ${names.row} where true${named.sql}${states.sql} limit +?
      ) group by name, state`
    const values: Value[] = [...named.values, ...states.values, by.upTo]
    return db.all(sql, ...values) as unknown as Group[]
  }

  return (db, by) => {
    const byName = new Map<string, [state: string, count: number][]>()
    let counted = 0
    for (const [name, state, count] of 'parent' in by ? ofParent(db, by) : inAll(db, by)) {
      const states = byName.get(name)
      if (states === undefined) byName.set(name, [[state, count]])
      else states.push([state, count])
      counted += count
    }
    // From entries, which makes fields of `__proto__` and `constructor` as of any other name.
    const counts = Object.fromEntries([...byName].map(([name, states]) => [name, Object.fromEntries(states)]))
    return { counts, capped: counted >= by.upTo }
  }
}

/** The statements that count the parts of a parent in one state, as text. */
export interface CountStatements {
  /** How many, and the first and the last name. Parts have one name, and to group by it would be to sort them all. */
  readonly all: string
  /** By name. */
  readonly each: string
}

export function countStatements({ row: table, parent }: Names): CountStatements {
  const parts = `(select name from ${table} indexed by ${parent} where parent = +? and state = +? limit +?)`
  return {
    all: `select min(name), max(name), count(*) from ${parts}`,
    each: `select name, count(*) from ${parts} group by name`,
  }
}
