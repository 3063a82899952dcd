/** Claims due rows with one statement: which lanes they lie in, then locks, then the change. */
import { type ClaimRequest, type Row, RUNNING, WAITING } from '../../src/storage/index.ts'
import type { Names } from './names.ts'
import { type Columns, instantFrom } from './row.ts'
import type { Run, Statement } from './session.ts'

/** Priorities are 0 to 9. */
const PRIORITIES = 10

/**
 * A lane is what is due of one name in one priority; in the index it lies in one piece and in the order of the claim.
 *
 * The rows are reached by `ctid = any(...)`: a join alone was planned as a scan of the whole table up to some 100,000
 * rows. A ctid is right here since the row is locked; where it was rewritten just before, it is left for the next claim.
 */
function takeText(row: string): string {
  return `update ${row} r set state = case when state = '${WAITING}' then '${RUNNING}' else state end, rev = rev + 1,
    tries = tries + 1, holder = $1::text, wake_at = $2::bigint
  from due where r.ctid = any(array(select place from due)) and r.ctid = due.place
  returning r.id, r.name, r.state, r.priority, due.wake_at, r.rev, r.tries, r.key, r.parent, r.done_at, r.input, r.memo`
}

export const LANES = `(select p::smallint as priority from generate_series(0, ${PRIORITIES - 1}) p order by 1) p`

/**
 * Of one name: its lanes come one after another, none is read further than the batch needs, and what is read is locked.
 * Where there is nothing to merge this costs the server 13 us a row, and the statement for many names 18.
 */
function oneNameText(row: string): string {
  return `with due as materialized (
    select d.* from ${LANES} cross join lateral (
      select ctid as place, wake_at from ${row}
      where name = $3::text and priority = p.priority and wake_at <= $4::bigint
      order by wake_at, tries, id limit $5::bigint for update skip locked
    ) d limit $5::bigint
  )
  ${takeText(row)}`
}

/**
 * Of many names. `seen` merges the lanes without a lock, a priority at a time, and `lane` counts how many of the first
 * rows lie in each. `due` then locks that many in each lane and steps over what others have locked, so no more is locked
 * than is taken, and a batch is full while others claim as well. A `limit` inside another tells the planner a bound where
 * the true one differs by lane; `limit (select ...)` hides how many names there are. Without both it takes a claim for a
 * hundred times as dear as it is, and compiles it anew each time (`jit`: 28 ms for an idle claim of 50 names, 1 ms with
 * them).
 */
function manyNamesText(row: string): string {
  return `with seen as (
    select l.* from ${LANES} cross join lateral (
      select w.name, w.most, p.priority, r.wake_at, r.tries, r.id
      from (select * from unnest($3::text[], $4::bigint[]) w(name, most) limit (select ${Number.MAX_SAFE_INTEGER})) w
      cross join lateral (
        select * from (
          select wake_at, tries, id from ${row} where name = w.name and priority = p.priority and wake_at <= $5::bigint
          order by wake_at, tries, id limit $6::bigint
        ) r limit w.most
      ) r
      order by r.wake_at, r.tries, r.id limit $7::bigint
    ) l
    order by p.priority, l.wake_at, l.tries, l.id limit $7::bigint
  ), lane as (
    select name, priority, count(*) as most from (
      select name, priority from (
        select *, row_number() over (partition by name order by priority, wake_at, tries, id) as nth from seen
      ) ranked where nth <= most order by priority, wake_at, tries, id limit $6::bigint
    ) chosen group by name, priority
  ), due as materialized (
    select d.* from (select * from lane limit (select ${Number.MAX_SAFE_INTEGER})) lane cross join lateral (
      select * from (
        select ctid as place, wake_at from ${row}
        where name = lane.name and priority = lane.priority and wake_at <= $5::bigint
        order by wake_at, tries, id limit $6::bigint for update skip locked
      ) d limit lane.most
    ) d
  )
  ${takeText(row)}`
}

/** The statement of a claim that wants something. */
export function claimStatements({ row }: Names): (request: ClaimRequest) => Statement {
  const ofOne = oneNameText(row)
  const ofMany = manyNamesText(row)
  return ({ wants, limit, holder, now, until }) => {
    const mosts = wants.map((want) => Math.min(want.limit, limit))
    if (wants.length === 1) return { text: ofOne, values: [holder, until, wants[0]?.name, now, mosts[0]] }
    const names = wants.map(({ name }) => name)
    return { text: ofMany, values: [holder, until, names, mosts, now, limit, mergedMax(mosts, limit)] }
  }
}

/**
 * How many rows of the merged lanes are enough to choose from. A lane gives no more than its name may have, but a name
 * has a lane in each priority, and what is too much of it is only dropped after the merge.
 */
function mergedMax(mosts: readonly number[], limit: number): number {
  const surplus = mosts.filter((most) => most < limit).reduce((sum, most) => sum + most, 0)
  return limit + (PRIORITIES - 1) * surplus
}

export function claimer(names: Names): (run: Run, request: ClaimRequest) => Promise<Row[]> {
  const statement = claimStatements(names)
  return async (run, request) => {
    if (request.wants.length === 0) return []
    const claimed = await run(statement(request))
    const found = claimed.map((columns) => ({ row: claimedRow(columns, request), wakeAt: Number(columns[4]) }))
    // `returning` promises no order, and the wake time that the order goes by has been written over.
    return found.sort(inClaimOrder).map(({ row }) => row)
  }
}

interface Found {
  readonly row: Row
  readonly wakeAt: number
}

function inClaimOrder(a: Found, b: Found): number {
  const order = a.row.priority - b.row.priority || a.wakeAt - b.wakeAt || a.row.tries - b.row.tries
  return order || (a.row.id < b.row.id ? -1 : 1)
}

function claimedRow(columns: Columns, { holder, until }: ClaimRequest): Row {
  return {
    id: columns[0] as string,
    name: columns[1] as string,
    state: columns[2] as string,
    priority: Number(columns[3]),
    wakeAt: until,
    rev: Number(columns[5]),
    tries: Number(columns[6]),
    holder,
    key: columns[7] as string | null,
    parent: columns[8] as string | null,
    doneAt: instantFrom(columns[9]),
    input: columns[10] as string,
    memo: columns[11] as string,
  }
}
