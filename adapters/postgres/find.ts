/** Pages of rows, and rows by id. */
import type { FindBy, Page, Row } from '../../src/storage/index.ts'
import { LANES } from './claim.ts'
import type { Names } from './names.ts'
import { COLUMNS, columnsOf, rowFrom } from './row.ts'
import type { Run, Statement } from './session.ts'

/** How many rows a page by names may look at, however rare the rows are that it is asked for; `after` leads on. */
const WINDOW = 10_000

type ByClaim = Extract<FindBy, { claimedBy: string }>

export function rowGetter({ row }: Names): (run: Run, ids: readonly string[]) => Promise<(Row | undefined)[]> {
  const text = `select ${COLUMNS} from ${row} where id = any($1::text[])`
  return async (run, ids) => {
    const found = new Map((await run({ text, values: [ids] })).map((columns) => [columns[0], columns]))
    return ids.map((id) => {
      const columns = found.get(id)
      // A row of its own for each place, should an id be asked for twice.
      return columns && rowFrom(columns)
    })
  }
}

/**
 * A step of the index for each state, merged by id: rows are read in proportion to the limit, however many there are
 * in other states. Without states, the ones that occur are found by skipping from one to the next.
 */
export function byParent(
  { row }: Names,
  parent: string,
  states: readonly string[] | undefined,
  after: string,
  limit: number,
): Statement {
  const next = (behind: string) => `(select min(state) from ${row} where parent = $1::text${behind})`
  const stated =
    states === undefined
      ? `(with recursive found(state) as (
          select ${next('')} union all select ${next(' and state > found.state')} from found where state is not null
        ) select state from found where state is not null)`
      : '(select distinct unnest($4::text[]) as state)'
  return {
    text: `select ${columnsOf('r')} from ${stated} s cross join lateral (
        select ${COLUMNS} from ${row} where parent = $1::text and state = s.state and id > $2::text
        order by id limit $3::bigint
      ) r order by r.id limit $3::bigint`,
    values: states === undefined ? [parent, after, limit] : [parent, after, limit, states],
  }
}

/** A step of the index that claims go by for each name and priority. */
export function byClaim({ row }: Names, { names, claimedBy, until }: ByClaim, limit: number): Statement {
  return {
    text: `select ${columnsOf('r')} from unnest($1::text[]) n(name) cross join ${LANES} cross join lateral (
        select ${COLUMNS} from ${row} where name = n.name and priority = p.priority and wake_at = $2::bigint
        and holder = $3::text limit $4::bigint
      ) r limit $4::bigint`,
    values: [[...new Set(names)], until, claimedBy, limit],
  }
}

export function finder(names: Names): (run: Run, by: FindBy, limit: number) => Promise<Page> {
  const { row } = names
  const filter = `($1::text[] is null or name = any($1::text[])) and ($2::text[] is null or state = any($2::text[]))`
  const byKey = `select ${COLUMNS} from ${row} where key = $1::text`
  const byDone = `select ${COLUMNS} from ${row} where done_at < $3::bigint and ${filter} order by done_at limit $4::bigint`
  // The end of the window comes with each row, and alone where there is none.
  const byNames = `with win as materialized (
      select id, name, state from ${row} where id > $3::text order by id limit ${WINDOW}
    ), hit as materialized (select id from win where ${filter} order by id limit $4::bigint)
    select ${columnsOf('r')}, w.looked, w.last from (select count(*) as looked, max(id) as last from win) w
    left join (hit join ${row} r using (id)) on true order by r.id`
  return async (run, by, limit) => {
    if ('key' in by) return { rows: (await run({ text: byKey, values: [by.key] })).map(rowFrom), after: null }
    if ('parent' in by) {
      const rows = (await run(byParent(names, by.parent, by.states, by.after ?? '', limit))).map(rowFrom)
      return { rows, after: rows.length === limit ? (rows.at(-1)?.id ?? null) : null }
    }
    if ('claimedBy' in by) {
      return { rows: (await run(byClaim(names, by, limit))).map(rowFrom), after: null }
    }
    const lists = [by.names ?? null, by.states ?? null]
    if ('doneBefore' in by) {
      const found = await run({ text: byDone, values: [...lists, by.doneBefore, limit] })
      return { rows: found.map(rowFrom), after: null }
    }
    const found = await run({ text: byNames, values: [...lists, by.after ?? '', limit] })
    const rows = found.filter((columns) => columns[0] !== null).map(rowFrom)
    const [looked, last] = found[0]?.slice(13) ?? []
    if (rows.length === limit) return { rows, after: rows.at(-1)?.id ?? null }
    return { rows, after: Number(looked) === WINDOW ? (last ?? null) : null }
  }
}
