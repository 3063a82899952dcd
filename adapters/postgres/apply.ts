/** Compare-and-set and lease extension: writes that hold only at the revision that the caller saw. */
import { type ApplyResult, type Change, isOwnWrite, type NextRow, type Row } from '../../src/storage/index.ts'
import type { Names } from './names.ts'
import { bySize } from './row.ts'
import type { Run } from './session.ts'

type GetRows = (run: Run, ids: readonly string[]) => Promise<(Row | undefined)[]>

type Rewrite = Change & { readonly next: NextRow }

/**
 * The rows of a batch that are still at the revision that was seen, locked one after another in the order of the batch,
 * which is by id: batches that share rows then wait for each other and never in a circle. What is written is matched by
 * id and revision once more and not by place, which an extend at the same time moves.
 *
 * The batch goes as one JSON text: driver and server took 10 us a task longer over arrays.
 */
function locked(row: string, columns: string): string {
  return `with c as materialized (
    select c.* from json_to_recordset($1::json) as c(id text, rev bigint${columns})
    cross join lateral (select from ${row} r where r.id = c.id and r.rev = c.rev for update) l
  )`
}

export function applyText({ row }: Names): string {
  const columns =
    ', state text, priority smallint, wake_at bigint, tries bigint, holder text, done_at bigint, memo text, keep boolean'
  return `${locked(row, columns)}
    update ${row} r set state = c.state, priority = c.priority, wake_at = c.wake_at, tries = c.tries, holder = c.holder,
      done_at = c.done_at, memo = c.memo, key = case when c.keep then r.key end, rev = r.rev + 1
    from c where r.id = c.id and r.rev = c.rev returning r.id`
}

export function removeText({ row }: Names): string {
  return `${locked(row, '')} delete from ${row} r using c where r.id = c.id and r.rev = c.rev returning r.id`
}

export function extendText({ row }: Names): string {
  return `${locked(row, '')} update ${row} r set wake_at = $2::bigint
    from c where r.id = c.id and r.rev = c.rev and r.wake_at is not null returning r.id`
}

export function applier(
  names: Names,
  getRows: GetRows,
): (run: Run, changes: readonly Change[]) => Promise<ApplyResult[]> {
  const rewriteText = applyText(names)
  const removalText = removeText(names)

  return async (run, changes) => {
    const written = new Set<unknown>()
    const write = async (text: string, batch: readonly object[]) => {
      for (const [id] of await run({ text, values: [JSON.stringify(batch)] })) written.add(id)
    }
    const rewrites = changes.filter(isRewrite).sort(byId)
    for (const part of bySize(rewrites, ({ next }) => next.memo.length)) await write(rewriteText, part.map(asWritten))
    const removals = changes.filter(({ next }) => next === null).sort(byId)
    if (removals.length > 0)
      await write(
        removalText,
        removals.map(({ row }) => atRev(row)),
      )

    const refused = changes.filter(({ row }) => !written.has(row.id))
    if (refused.length === 0) return changes.map(() => 'applied')
    // The driver, or the caller, may have sent this before, and the answer was lost.
    const found = await getRows(
      run,
      refused.map(({ row }) => row.id),
    )
    const stale = new Set(refused.filter((change, at) => !isOwnWrite(change, found[at])))
    return changes.map((change) => (stale.has(change) ? 'stale' : 'applied'))
  }
}

export function extender(names: Names): (run: Run, rows: readonly Row[], until: number) => Promise<boolean[]> {
  const text = extendText(names)
  return async (run, rows, until) => {
    const batch = rows.map(atRev).sort((a, b) => (a.id < b.id ? -1 : 1))
    const extended = new Set((await run({ text, values: [JSON.stringify(batch), until] })).map(([id]) => id))
    return rows.map(({ id }) => extended.has(id))
  }
}

function isRewrite(change: Change): change is Rewrite {
  return change.next !== null
}

function byId(a: Change, b: Change): number {
  return a.row.id < b.row.id ? -1 : 1
}

function atRev({ id, rev }: Row): { id: string; rev: number } {
  return { id, rev }
}

function asWritten({ row, next }: Rewrite): object {
  return {
    id: row.id,
    rev: row.rev,
    state: next.state,
    priority: next.priority,
    wake_at: next.wakeAt,
    tries: next.tries,
    holder: next.holder,
    done_at: next.doneAt,
    memo: next.memo,
    keep: next.keepKey,
  }
}
