/**
 * The rows of a model, as the database sees them: checks at every call, whoever makes it, what must hold of them.
 *
 * What each move writes stands here once more, so that the library's own table cannot be wrong unnoticed.
 */
import { isDeepStrictEqual } from 'node:util'
import { memoryRows } from '../../../adapters/memory/index.ts'
import {
  type ReservedRow,
  type RowChange,
  type RowSource,
  type SourceTraits,
  workerOf,
} from '../../../src/storage/index.ts'
import { columns, type Page } from '../pages.ts'

export interface Limits {
  readonly queueSize: number
  readonly maxTries: number
  readonly startWithinMs: number
  readonly maxDurationMs: number
}

export interface RowLedger {
  readonly source: RowSource<Page, Page[]>
  readonly rows: Page[]
  /** What did not hold. Thrown, it would pass for a fault of the database. */
  readonly broken: string[]
  /** The tokens whose start was written. */
  readonly started: ReadonlySet<string>
  /** The ids of rows that ended well at some time. */
  readonly ended: ReadonlySet<string>
  readonly met: Record<string, number>
  /** The user's own part of a row is this from now on; without a price the row is gone. */
  userWrote(id: number, price: number | undefined): void
  /** The database's clock was set: what had lapsed may not have. */
  stepped(): void
  /** How many rows a worker has reserved and not started. */
  active(worker: string): number
}

const freed = {
  scrape_reservation_id: null,
  scrape_reservation_time: null,
  scrape_start_time: null,
  scrape_end_time: null,
} as const

/** Reserved by nobody, reserved, started, or ended: as the columns say it. */
export function standing(row: Page): RowChange['on'] {
  if (row.scrape_end_time !== null) return 'ended'
  if (row.scrape_reservation_id === null) return 'free'
  return row.scrape_start_time === null ? 'active' : 'started'
}

const allowedOn: Record<RowChange['move'], readonly string[]> = {
  start: ['active'],
  complete: ['started'],
  fail: ['started'],
  fail_for_good: ['started'],
  give_back: ['active'],
  relaunch: ['active', 'started', 'ended'],
  expire: ['started'],
}

export function rowLedger(rows: Page[], limits: Limits, now: () => number): RowLedger {
  const inner = memoryRows(rows, { ...columns, now })
  const broken: string[] = []
  const met: Record<string, number> = {}
  const tokens = new Set<string>()
  const started = new Set<string>()
  const ended = new Set<string>()
  const prices = new Map(rows.map(({ id, price }) => [id, price]))
  let isStepped = false
  const check = (holds: boolean, what: string) => {
    if (!holds && broken.length < 20) broken.push(what)
  }
  const meet = (what: string) => {
    met[what] = (met[what] ?? 0) + 1
  }
  const tries = (row: Page) => row.scrape_reservation_times ?? 0
  const active = (worker: string) =>
    rows.filter((row) => standing(row) === 'active' && workerOf(row.scrape_reservation_id ?? '') === worker).length

  /** What the row is to be when the move was made. */
  function moved(row: Page, { move, error, maxTries }: RowChange): Partial<Page> {
    const failed = { ...freed, scrape_success: false, scrape_error: error ?? null }
    switch (move) {
      case 'start':
        return { scrape_start_time: now(), scrape_reservation_times: tries(row) + 1 }
      case 'complete':
        return { scrape_end_time: now(), scrape_success: true, scrape_error: null }
      case 'fail':
      case 'expire':
        return failed
      case 'fail_for_good':
        return { ...failed, scrape_reservation_times: Math.max(tries(row), maxTries) }
      case 'give_back':
      case 'relaunch':
        return freed
    }
  }

  function checkMade(row: Page, change: RowChange): void {
    const what = `${change.move} of row ${row.id} (${standing(row)}, ${row.scrape_reservation_id})`
    check(row.scrape_reservation_id === change.token, `RS-01 ${what} was made for ${change.token}`)
    check(standing(row) === change.on, `RS-01 ${what} was made on ${change.on}`)
    check(allowedOn[change.move].includes(change.on), `${what} is no move on ${change.on}`)
    check(change.maxTries === limits.maxTries, `${what} goes by ${change.maxTries} tries`)
    if (change.move === 'start') {
      check(tries(row) < limits.maxTries, `P7 ${what} is one over the limit`)
      started.add(change.token)
    }
    if (change.move === 'complete') ended.add(String(row.id))
    if ((change.move === 'expire' || change.move === 'relaunch') && !isStepped) {
      const [since, limitMs] =
        change.on === 'active'
          ? [row.scrape_reservation_time, limits.startWithinMs]
          : [row.scrape_start_time, limits.maxDurationMs]
      check(now() - (since ?? 0) >= limitMs, `P14 ${what} came ${now() - (since ?? 0)} ms after it`)
    }
    meet(change.move)
  }

  /** Nothing else may have changed, and the user's own part is as the user left it. */
  function checkRows(before: Map<number, Page>, expected: Map<number, Partial<Page>>, verb: string): void {
    for (const row of rows) {
      const was = before.get(row.id)
      check(was !== undefined && prices.has(row.id), `RS-02 ${verb} made row ${row.id}`)
      const due = { ...was, ...expected.get(row.id) }
      check(isDeepStrictEqual({ ...row }, due), `${verb} left ${JSON.stringify(row)}, not ${JSON.stringify(due)}`)
      check(row.price === prices.get(row.id), `P25 the price of row ${row.id} is ${row.price}`)
    }
    check(rows.length === before.size, `${verb} removed rows`)
  }

  const copies = () => new Map(rows.map((row) => [row.id, { ...row }]))

  const source: RowSource<Page, Page[]> = {
    title: inner.title,
    client: () => inner.client(),
    idOf: (key) => inner.idOf(key),
    lapsed: (request) => inner.lapsed(request),
    held: (request) => inner.held(request),
    count: (most) => inner.count(most),
    now: () => inner.now(),
    statements: () => inner.statements(),
    // Small, so that every loop over batches goes round.
    open: () => ({ ...(inner.open() as SourceTraits), batchMax: 3 }),
    reserve(request) {
      check(request.tokens.length <= 3 && (request.ids?.length ?? 0) <= 3, 'reserve was given more than it takes')
      check(request.maxTries === limits.maxTries, `reserve goes by ${request.maxTries} tries`)
      const before = copies()
      const reserved = inner.reserve(request) as (ReservedRow<Page> & { token: string })[]
      const expected = new Map<number, Partial<Page>>()
      for (const { id, token } of reserved) {
        const was = before.get(Number(id))!
        check(standing(was) === 'free' && tries(was) < limits.maxTries, `P13 P-RESERVE row ${id} was reserved`)
        check(!tokens.has(token) && request.tokens.includes(token), `P19 the token ${token} came twice`)
        tokens.add(token)
        expected.set(was.id, { ...freed, scrape_reservation_id: token, scrape_reservation_time: now() })
        const count = active(workerOf(token))
        check(count <= limits.queueSize, `P5 ${workerOf(token)} has ${count} rows that are not started`)
        if (count === limits.queueSize) meet('a full queue')
        meet('reserve')
      }
      checkRows(before, expected, 'reserve')
      return reserved
    },
    write(changes) {
      check(changes.length <= 3, 'write was given more than it takes')
      check(new Set(changes.map(({ id }) => id)).size === changes.length, 'write was given an id twice')
      const before = copies()
      const written = inner.write(changes) as boolean[]
      const expected = new Map<number, Partial<Page>>()
      for (const [index, change] of changes.entries()) {
        const was = before.get(Number(change.id))
        if (!written[index]) {
          const isOwn = was?.scrape_reservation_id === change.token && standing(was) === change.on
          check(!isOwn, `${change.move} of row ${change.id} was refused`)
          meet(`${change.move} refused`)
        } else if (was) {
          checkMade(was, change)
          expected.set(was.id, moved(was, change))
        } else check(false, `RS-02 ${change.move} of row ${change.id}, which is gone`)
      }
      checkRows(before, expected, 'write')
      return written
    },
    look(ids) {
      check(ids.length <= 3, 'look was given more than it takes')
      return inner.look(ids)
    },
  }

  return {
    source,
    rows,
    broken,
    started,
    ended,
    met,
    userWrote: (id, price) => void (price === undefined ? prices.delete(id) : prices.set(id, price)),
    stepped: () => {
      isStepped = true
    },
    active,
  }
}
