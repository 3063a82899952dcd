/** claim, extend and apply: each reads a row and writes it back only if nobody else has written it meanwhile. */
import {
  type ApplyResult,
  type Change,
  type ClaimRequest,
  isOwnWrite,
  type Row,
  RUNNING,
  WAITING,
} from 'piecework/storage'
import { unlocking } from './keys.ts'
import { ATTEMPTS_MAX, read, rewritten, type Stored, storedIn, swap, type Tables } from './tables.ts'

const PRIORITIES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const

/**
 * Reads what is due, in order, and takes row by row. Whoever loses the race for a row leaves it out and goes on: it MUST
 * NOT be handed out, since the winner has it. `now` comes with the request; a storage that reads a clock here would end
 * the lease of a holder whose clock is another.
 */
export async function claim(tables: Tables, request: ClaimRequest): Promise<Row[]> {
  const claimed: Row[] = []
  const left = new Map(request.wants.map(({ name, limit }) => [name, limit]))
  try {
    for (const priority of PRIORITIES) {
      if (claimed.length === request.limit) break
      for (const candidate of await dueRows(tables, request, priority, left)) {
        const wanted = left.get(candidate.row.name) ?? 0
        if (claimed.length === request.limit || wanted === 0) continue
        const taken = claimedRow(candidate.row, request)
        if (!(await swap(tables, candidate, taken))) continue
        claimed.push(taken)
        left.set(taken.name, wanted - 1)
      }
    }
  } catch (error) {
    // What was taken before is the caller's: thrown away, it would lie idle until its lease ends.
    if (claimed.length === 0) throw error
  }
  return claimed
}

/**
 * REPLACE by one read of an index on (name, priority, wakeAt, tries, id) over rows with a wake time. MUST give the first
 * in order, not just any: `limit` of each name is enough. MUST see rows whose lease has ended as well as those that wait;
 * it asks for no state.
 */
async function dueRows(
  { client, rows }: Tables,
  request: ClaimRequest,
  priority: number,
  left: ReadonlyMap<string, number>,
): Promise<Stored[]> {
  const order = ['wakeAt', 'tries', 'id']
  const names = [...left].filter(([, wanted]) => wanted > 0)
  const found = await Promise.all(
    names.map(([name, wanted]) =>
      client.range(rows, {
        where: { name, priority },
        order,
        upTo: request.now,
        limit: Math.min(wanted, request.limit),
      }),
    ),
  )
  return found
    .flat()
    .map(storedIn)
    .filter((stored) => stored !== undefined)
    .sort(inOrder)
}

/** By wakeAt, tries and id; ids are ASCII, so JavaScript compares them as bytes. */
function inOrder({ row: one }: Stored, { row: other }: Stored): number {
  return (one.wakeAt ?? 0) - (other.wakeAt ?? 0) || one.tries - other.tries || (one.id < other.id ? -1 : 1)
}

function claimedRow(row: Row, { holder, until }: ClaimRequest): Row {
  const state = row.state === WAITING ? RUNNING : row.state
  return { ...row, state, holder, wakeAt: until, rev: row.rev + 1, tries: row.tries + 1 }
}

/**
 * Moves the end of a lease. REPLACE by one conditional write where your database can (`set wakeAt = :until where id = :id
 * and rev = :rev and wakeAt is not null`). `rev` MUST stay: the holder settles with the rev of its claim.
 */
export async function extendOne(tables: Tables, row: Row, until: number): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const stored = await read(tables, row.id)
    if (stored === undefined || stored.row.rev !== row.rev || stored.row.wakeAt === null) return false
    if (await swap(tables, stored, { ...stored.row, wakeAt: until })) return true
  }
  throw new Error(`The lease of ${row.id} could not be moved in ${ATTEMPTS_MAX} attempts`)
}

/**
 * Compare-and-set on `rev`. REPLACE by one conditional write where your database can (`where id = :id and rev = :rev`);
 * when it wrote nothing, read the row and ask `isOwnWrite`. Only `rev` decides: neither state nor holder nor wakeAt.
 */
export async function applyOne(tables: Tables, change: Change): Promise<ApplyResult> {
  const { row: seen, next } = change
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const stored = await read(tables, seen.id)
    // Somebody else wrote, or this very change did and its answer was lost: only the row itself can tell.
    if (stored?.row.rev !== seen.rev) return isOwnWrite(change, stored?.row) ? 'applied' : 'stale'
    const unlock = next?.keepKey ? undefined : await unlocking(tables, stored.row)
    // Fails when an extend came between, which changes the version and not the rev: then it reads again.
    if (!(await swap(tables, stored, next && rewritten(stored.row, next)))) continue
    await unlock?.()
    return 'applied'
  }
  throw new Error(`Row ${seen.id} could not be written in ${ATTEMPTS_MAX} attempts`)
}
