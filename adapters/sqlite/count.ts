/** Counts of rows, by name and state. */
import type { Count, CountBy } from '../../src/storage/index.ts'
import type { Connection } from './connection.ts'
import { within } from './find.ts'
import type { Names } from './schema.ts'

export function counter({ row: table }: Names): (db: Connection, by: CountBy) => Count {
  return (db, by) => {
    const owner = 'parent' in by ? { sql: 'parent = +?', values: [by.parent] } : { sql: 'true', values: [] }
    const names = within('name', 'parent' in by ? undefined : by.names)
    const states = within('state', by.states)
    const groups = db.all(
      `select name, state, count(*) from (
        select name, state from ${table} where ${owner.sql}${names.sql}${states.sql} limit +?
      ) group by name, state`,
      ...owner.values,
      ...names.values,
      ...states.values,
      by.upTo,
    )
    const byName = new Map<string, [state: string, count: number][]>()
    let counted = 0
    for (const [name, state, count] of groups as [string, string, number][]) {
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
