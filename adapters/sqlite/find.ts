/** Pages of rows, and rows by id. */
import type { FindBy, Page, Row } from '../../src/storage/index.ts'
import type { Connection, Value } from './connection.ts'
import { partsFinder } from './parts.ts'
import { COLUMNS, rowFrom } from './row.ts'
import type { Names } from './schema.ts'

/**
 * How many rows a page may look at. A driver that blocks the process must answer in milliseconds, however rare the rows
 * are that it is asked for; a page may be short, and `after` leads on.
 */
const WINDOW = 10_000

const PRIORITIES = '[0,1,2,3,4,5,6,7,8,9]'

/** Part of a `where` and what is bound to it. */
export interface Condition {
  readonly sql: string
  readonly values: readonly Value[]
}

/** By lists of any length with one statement: the list goes in as JSON, and names and states are plain ASCII. */
export function within(column: 'name' | 'state', list: readonly string[] | undefined): Condition {
  // The plus keeps the list out of the choice of an index.
  if (list === undefined) return { sql: '', values: [] }
  return { sql: ` and +${column} in (select value from json_each(?))`, values: [JSON.stringify(list)] }
}

export function getRows({ row: table }: Names): (db: Connection, ids: readonly string[]) => (Row | undefined)[] {
  const sql = `select ${COLUMNS} from ${table} where id in (select value from json_each(?))`
  return (db, ids) => {
    if (ids.length === 0) return []
    const found = new Map(db.all(sql, JSON.stringify(ids)).map((columns) => [columns[0], columns]))
    return ids.map((id) => {
      const columns = found.get(id)
      // A row of its own for each place, should an id be asked for twice.
      return columns && rowFrom(columns)
    })
  }
}

export function finder(names: Names): (db: Connection, by: FindBy, limit: number) => Page {
  const { row: table, due } = names
  const parts = partsFinder(names)
  const claimed = `select ${COLUMNS.replace(/\w+/g, 'r.$&')} from json_each(?) n cross join json_each('${PRIORITIES}') p
    cross join ${table} r indexed by ${due}
    where r.name = n.value and r.priority = p.value and r.wake_at = +? and r.holder = +? limit +?`

  function listed(db: Connection, filter: Condition, after: string, limit: number): Page {
    const end = db.all(`select id from ${table} where id > +? order by id limit 1 offset ${WINDOW - 1}`, after)[0]?.[0]
    const until = end === undefined ? '' : ' and id <= +?'
    const columns = db.all(
      `select ${COLUMNS} from ${table} where id > +?${until}${filter.sql} order by id limit +?`,
      after,
      ...(end === undefined ? [] : [end]),
      ...filter.values,
      limit,
    )
    const rows = columns.map(rowFrom)
    const last = rows.length === limit ? rows.at(-1)?.id : end
    return { rows, after: typeof last === 'string' ? last : null }
  }

  return (db, by, limit) => {
    if ('key' in by)
      return { rows: db.all(`select ${COLUMNS} from ${table} where key = ?`, by.key).map(rowFrom), after: null }
    if ('parent' in by) return parts(db, by, limit)
    if ('claimedBy' in by) {
      const lanes = JSON.stringify([...new Set(by.names)])
      return { rows: db.all(claimed, lanes, by.until, by.claimedBy, limit).map(rowFrom), after: null }
    }
    const named = within('name', by.names)
    const states = within('state', by.states)
    const filter = { sql: named.sql + states.sql, values: [...named.values, ...states.values] }
    if (!('doneBefore' in by)) return listed(db, filter, by.after ?? '', limit)
    const sql = `select ${COLUMNS} from ${table} where done_at < +?${filter.sql} order by done_at limit +?`
    return { rows: db.all(sql, by.doneBefore, ...filter.values, limit).map(rowFrom), after: null }
  }
}
