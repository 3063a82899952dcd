/** Claims due rows in three round trips, however many they are: which are due, how they are, and taking them. */
import { type ClaimRequest, type Row, RUNNING, WAITING } from '../../src/storage/index.ts'
import type { Call } from './call.ts'
import { candidates } from './candidates.ts'
import { rowOf } from './document.ts'
import { atRevisions, movedBy, nextRevision } from './revisions.ts'
import { pause } from './time.ts'

/** How often a claim that lost every row looks again: rows are due, so nothing would be the wrong answer. */
const TRIES_MAX = 3

/** How long a take whose answer was lost is left to take effect, before it is looked for. */
const LATE_MS = 100

/** Claims, and remembers between calls whether others go for the same rows. */
export function claimer(newWrite: () => string): (call: Call, request: ClaimRequest) => Promise<Row[]> {
  let isContended = false

  return async (call, request) => {
    if (request.wants.length === 0) return []
    for (let tries = 1; ; tries++) {
      const ids = await candidates(call, request, isContended)
      if (ids.length === 0) return []
      const rows = await take(call, ids, request, newWrite())
      // In exact order everybody reads the same head of the queue: eight processes lost 53 % of what they went for, and
      // 20 % from a random place among the first eight times as many.
      isContended = rows.length < ids.length / 2
      if (rows.length > 0 || tries === TRIES_MAX) return rows
    }
  }
}

/**
 * Takes those of the rows that are still due and as they were just read; in the order of the ids. The answer is made
 * from what was read, so that nothing has to be read behind the write, unless others took some of the rows.
 */
async function take(call: Call, ids: readonly string[], request: ClaimRequest, write: string): Promise<Row[]> {
  const found = await call.rows({ _id: { $in: ids }, wakeAt: { $lte: request.now } })
  const byId = new Map(found.map((stored) => [stored._id, stored]))
  const rows = ids.flatMap((id) => {
    const stored = byId.get(id)
    return stored ? [rowOf(stored)] : []
  })
  if (rows.length === 0) return []

  let taken = rows
  try {
    const { n } = await call.write({ update: call.names.row, updates: [takeStatement(rows, request, write)] })
    if (n < rows.length) taken = n === 0 ? [] : await takenOf(call, rows, write, n)
  } catch (error) {
    // The driver never repeats an update of many: whether it took effect is not known, but can be looked up.
    if (call.isWithin) throw error
    await pause(LATE_MS)
    taken = await takenOf(call, rows, write).catch(() => [])
    if (taken.length === 0) throw error
  }
  return taken.map((row) => claimed(row, request))
}

async function takenOf(call: Call, rows: readonly Row[], write: string, count?: number): Promise<Row[]> {
  const filter = { _id: { $in: rows.map((row) => row.id) } }
  const found = await call.rows(filter, { projection: { rev: 1, writers: 1 } })
  const taken = movedBy(write, rows, found, count)
  return rows.filter((row) => taken.has(row.id))
}

/** The server checks revision and `wakeAt` again for each row as it writes it, so of two claims one gets it. */
function takeStatement(rows: readonly Row[], { holder, now, until }: ClaimRequest, write: string): object {
  const taken = {
    state: { $cond: [{ $eq: ['$state', WAITING] }, RUNNING, '$state'] },
    tries: { $add: ['$tries', 1] },
    holder: { $literal: holder },
    wakeAt: { $literal: until },
    ...nextRevision(write),
  }
  return { q: { ...atRevisions(rows), wakeAt: { $lte: now } }, u: [{ $set: taken }], multi: true }
}

function claimed(row: Row, { holder, until }: ClaimRequest): Row {
  const state = row.state === WAITING ? RUNNING : row.state
  return { ...row, state, wakeAt: until, rev: row.rev + 1, tries: row.tries + 1, holder }
}
