/** The rows of a parent, in the order of their ids: a few index entries for each state, however many others there are. */
import type { FindBy, Page } from '../../src/storage/index.ts'
import type { Connection } from './connection.ts'
import { COLUMNS, rowFrom } from './row.ts'
import type { Names } from './schema.ts'

/** The statements that ask for parts, as text. */
export interface PartStatements {
  /** Which states the parts of a parent have: one seek for each. */
  readonly states: string
  /** The next parts in one state. */
  readonly next: string
  /** The rows that were chosen. */
  readonly rows: string
}

export function partStatements({ row: table, parent }: Names): PartStatements {
  const first = `select min(state) from ${table} indexed by ${parent} where parent =`
  return {
    states: `with recursive each (state) as (
        select (${first} ?)
        union all
        select (${first} ? and state > each.state) from each where state is not null
      )
      select state from each where state is not null`,
    next: `select rowid, id from ${table} indexed by ${parent} where parent = +? and state = +? and id > +?
      order by id limit +?`,
    rows: `select ${COLUMNS} from ${table} where rowid in (select value from json_each(?)) order by id`,
  }
}

export function partsFinder(
  names: Names,
): (db: Connection, by: Extract<FindBy, { parent: string }>, limit: number) => Page {
  const statements = partStatements(names)

  return (db, { parent, states, after = '' }, limit) => {
    const asked =
      states === undefined ? db.all(statements.states, parent, parent).map(([state]) => state) : new Set(states)
    const found = [...asked].flatMap((state) => db.all(statements.next, parent, state as string, after, limit))
    found.sort((a, b) => ((a[1] as string) < (b[1] as string) ? -1 : 1))
    const rowids = found.slice(0, limit).map(([rowid]) => rowid)
    const rows = rowids.length === 0 ? [] : db.all(statements.rows, JSON.stringify(rowids)).map(rowFrom)
    return { rows, after: rows.length === limit ? (rows.at(-1)?.id ?? null) : null }
  }
}
