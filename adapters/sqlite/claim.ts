/** Claims due rows: one lane for each name and priority, merged in exact order. */
import { type ClaimRequest, type Row, RUNNING, WAITING } from '../../src/storage/index.ts'
import type { Columns, Connection } from './connection.ts'
import type { Names } from './schema.ts'

/** The statements of a claim, as text. */
export interface ClaimStatements {
  /** Which lanes have a due row. */
  readonly lanes: string
  /** The next due rows of a lane, behind the last one read. */
  readonly next: string
  /** Turns rows into claimed ones. */
  readonly take: string
}

export function claimStatements({ row: table, due }: Names): ClaimStatements {
  // Skips from lane to lane: a name costs two or three seeks more than the lanes it has, whatever lies in them.
  const lowest = `select min(priority) from ${table} indexed by ${due} where wake_at is not null and`
  return {
    lanes: `with recursive lane (name, priority) as (
        select value, (${lowest} name = value) from json_each(?)
        union all
        select name, (${lowest} name = lane.name and priority > lane.priority) from lane where priority is not null
      )
      select name, priority from lane where priority is not null and exists (
        select 1 from ${table} indexed by ${due} where name = lane.name and priority = lane.priority and wake_at <= +?
      ) order by priority`,
    // Each `+?` instead of `?`, here and in find.ts: SQLite looks at the value of a bare parameter when it plans a range,
    // an order or a limit, and then plans anew for each value (13 against 2.5 us a statement).
    next: `select rowid, id, state, wake_at, rev, tries, key, parent, done_at, input, memo from ${table} indexed by ${due}
      where name = +? and priority = +? and wake_at <= +? and (wake_at, tries, id) > (+?, +?, +?)
      order by wake_at, tries, id limit +?`,
    take: `update ${table} set state = iif(state = '${WAITING}', '${RUNNING}', state), rev = rev + 1, tries = tries + 1,
      holder = ?, wake_at = ? where rowid in (select value from json_each(?))`,
  }
}

/** The lanes to claim from, those of one priority together. Empty when nothing is due, which needs no write lock. */
export function dueLanes(
  db: Connection,
  statements: ClaimStatements,
  { wants, now }: ClaimRequest,
): Map<number, string[]> {
  const byPriority = new Map<number, string[]>()
  if (wants.length === 0) return byPriority
  for (const [name, priority] of db.all(statements.lanes, JSON.stringify(wants.map((want) => want.name)), now)) {
    const names = byPriority.get(priority as number)
    if (names === undefined) byPriority.set(priority as number, [name as string])
    else names.push(name as string)
  }
  return byPriority
}

export function claim(
  db: Connection,
  statements: ClaimStatements,
  request: ClaimRequest,
  lanes: ReadonlyMap<number, readonly string[]>,
): Row[] {
  const left = new Map(request.wants.map(({ name, limit }) => [name, limit]))
  const rowids: number[] = []
  const claimed: Row[] = []
  for (const [priority, names] of lanes) {
    const wanted = names.filter((name) => (left.get(name) ?? 0) > 0)
    // Several lanes share the batch, so each reads its part of it and comes back for more only if it turns out first.
    const share = Math.ceil((request.limit - claimed.length) / wanted.length)
    const readers = wanted.map((name) => {
      const chunk = Math.min(share, left.get(name) as number)
      return laneReader(db, statements.next, name, priority, request.now, chunk)
    })
    while (claimed.length < request.limit) {
      const reader = first(readers)
      if (reader === undefined) break
      const columns = reader.head as Columns
      rowids.push(columns[0] as number)
      claimed.push(claimedRow(columns, reader.name, priority, request))
      const stillWanted = (left.get(reader.name) as number) - 1
      left.set(reader.name, stillWanted)
      if (stillWanted === 0) readers.splice(readers.indexOf(reader), 1)
      else if (claimed.length < request.limit) reader.advance()
    }
    if (claimed.length === request.limit) break
  }
  if (rowids.length > 0) db.run(statements.take, [request.holder, request.until, JSON.stringify(rowids)])
  return claimed
}

/** Reads one lane in order, a chunk at a time. */
interface LaneReader {
  readonly name: string
  head: Columns | undefined
  advance(): void
}

function laneReader(
  db: Connection,
  sql: string,
  name: string,
  priority: number,
  now: number,
  chunk: number,
): LaneReader {
  const read = (after: Columns | undefined) =>
    db.all(sql, name, priority, now, after?.[3] ?? Number.MIN_SAFE_INTEGER, after?.[5] ?? 0, after?.[1] ?? '', chunk)
  let rows = read(undefined)
  let at = 0
  const reader: LaneReader = {
    name,
    head: rows[0],
    advance() {
      at += 1
      if (at === rows.length && at === chunk) {
        rows = read(rows[at - 1])
        at = 0
      }
      reader.head = rows[at]
    },
  }
  return reader
}

function first(readers: readonly LaneReader[]): LaneReader | undefined {
  let found: LaneReader | undefined
  for (const reader of readers) {
    if (reader.head !== undefined && (found?.head === undefined || comesBefore(reader.head, found.head))) found = reader
  }
  return found
}

/** By wake_at, tries and id: columns 3, 5 and 1. */
function comesBefore(a: Columns, b: Columns): boolean {
  if (a[3] !== b[3]) return (a[3] as number) < (b[3] as number)
  if (a[5] !== b[5]) return (a[5] as number) < (b[5] as number)
  return (a[1] as string) < (b[1] as string)
}

function claimedRow(columns: Columns, name: string, priority: number, { holder, until }: ClaimRequest): Row {
  return {
    id: columns[1] as string,
    name,
    state: columns[2] === WAITING ? RUNNING : (columns[2] as string),
    priority,
    wakeAt: until,
    rev: (columns[4] as number) + 1,
    tries: (columns[5] as number) + 1,
    holder,
    key: columns[6] as string | null,
    parent: columns[7] as string | null,
    doneAt: columns[8] as number | null,
    input: columns[9] as string,
    memo: columns[10] as string,
  }
}
