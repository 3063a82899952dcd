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
    const rows = db.all(
      `select name, state, count(*) from (
        select name, state from ${table} where ${owner.sql}${names.sql}${states.sql} limit +?
      ) group by name, state`,
      ...owner.values,
      ...names.values,
      ...states.values,
      by.upTo,
    )
    const counts: Count['counts'] = {}
    let counted = 0
    for (const [name, state, count] of rows) {
      counts[name as string] ??= {}
      ;(counts[name as string] as Record<string, number>)[state as string] = count as number
      counted += count as number
    }
    return { counts, capped: counted >= by.upTo }
  }
}
