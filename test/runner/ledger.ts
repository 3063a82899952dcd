/** A storage that writes down what happens to each row and checks, at every write, what must hold over all histories. */
import assert from 'node:assert/strict'
import type { MemoryStorage } from '../../adapters/memory/index.ts'
import type { Change, ClaimRequest, Row } from '../../src/storage/index.ts'
import { jobRow } from '../../src/storage/job-codec.ts'

export interface History {
  readonly claims: { readonly rev: number; readonly holder: string; readonly at: number }[]
  refunds: number
  /** Moves into a done state. */
  ends: string[]
  retries: number
}

export interface Ledger extends MemoryStorage {
  history(id: string): History
}

const done = ['completed', 'failed', 'cancelled', 'skipped']

/** Throws, into whoever called, and keeps the first breach for `broken`. */
export function ledger(storage: MemoryStorage): Ledger & { readonly broken: string[] } {
  const histories = new Map<string, History>()
  const broken: string[] = []
  const check = (holds: boolean, what: string) => {
    if (!holds) broken.push(what)
  }
  const history = (id: string) => {
    const known = histories.get(id) ?? { claims: [], refunds: 0, ends: [], retries: 0 }
    histories.set(id, known)
    return known
  }
  const once = (ids: string[], verb: string) => check(new Set(ids).size === ids.length, `${verb} has an id twice`)
  const rowsBefore = new Map<string, Row>()
  const remember = (ids: string[]) => {
    for (const row of storage.get(ids)) if (row) rowsBefore.set(row.id, row)
  }
  return {
    ...storage,
    broken,
    history,
    insert(rows) {
      const results = storage.insert(rows)
      remember(rows.map(({ id }) => id))
      return results
    },
    claim(request: ClaimRequest) {
      const rows = storage.claim(request)
      for (const row of rows) {
        const before = rowsBefore.get(row.id)!
        check(
          request.now >= (before.wakeAt ?? Infinity),
          `P-EXCL P-NOT-EARLY ${row.id} claimed before ${before.wakeAt}`,
        )
        check(row.rev > before.rev && row.tries === before.tries + 1, `fence or tries of ${row.id} did not rise`)
        history(row.id).claims.push({ rev: row.rev, holder: row.holder!, at: request.now })
        rowsBefore.set(row.id, row)
      }
      return rows
    },
    extend(rows, until) {
      const ids = rows.map(({ id }) => id)
      once(ids, 'extend')
      const kept = storage.extend(rows, until)
      remember(ids)
      return kept
    },
    apply(changes: readonly Change[]) {
      const ids = changes.map(({ row }) => row.id)
      once(ids, 'apply')
      const results = storage.apply(changes)
      changes.forEach(({ row, next }, index) => {
        const before = rowsBefore.get(row.id)
        if (!before || !next || results[index] !== 'applied') return
        // Said again: nothing new was written.
        if (before.rev === row.rev + 1) return
        const own = history(row.id)
        check(before.rev === row.rev, `P-FENCE ${row.id} was written past its fence`)
        // What a job may do, and what a part may say that is done (who gets its slot), the ledger of jobs knows.
        const isNote = before.parent !== null && before.state === next.state && done.includes(next.state)
        if (jobRow(before) || isNote) return
        // A consumer outside takes its part by a write of its own.
        const isTaken = before.parent !== null && next.state === 'running' && next.tries === before.tries + 1
        if (isTaken) {
          own.claims.push({ rev: row.rev + 1, holder: next.holder!, at: next.wakeAt! })
          return
        }
        if (done.includes(next.state)) {
          check(!done.includes(before.state), `P-ONE-OUTCOME ${row.id} ended twice`)
          own.ends.push(next.state)
        }
        if (done.includes(before.state) && ['waiting', 'held'].includes(next.state)) own.retries++
        else if (next.tries < before.tries) {
          check(next.tries === before.tries - 1 && next.tries >= 0, `P-ATTEMPT ${row.id}: refund to ${next.tries}`)
          own.refunds++
        } else check(next.tries === before.tries, `P-ATTEMPT ${row.id}: tries made up`)
      })
      remember(ids)
      return results
    },
  }
}

/** Attempts are claims less refunds, and no fence is older than the one before. */
export function checkHistory(storage: ReturnType<typeof ledger>, id: string): void {
  const { claims, refunds, retries } = storage.history(id)
  const [row] = storage.get([id])
  assert.deepEqual(storage.broken, [])
  if (retries === 0) assert.equal(row?.tries, claims.length - refunds, 'P-ATTEMPT attempts are claims less refunds')
  claims.forEach(({ rev }, index) => {
    assert.ok(index === 0 || rev > claims[index - 1]!.rev, 'P-EPOCH fences rise')
  })
}
