import type { Change, Row } from './storage.ts'

/**
 * Whether `found` is exactly the row that `change` makes: then this change made it, and the answer is `applied`.
 *
 * Holders are unique for each claim and each operator's call, so two writers never make the same row from the same
 * revision. Where the database cannot tell (a driver repeated the request, a commit was acknowledged to nobody), this is
 * how an adapter knows its own success when it comes back as a failed condition.
 */
export function isOwnWrite(change: Change, found: Row | undefined): boolean {
  const { row, next } = change
  if (next === null) return found === undefined
  return (
    found !== undefined &&
    found.rev === row.rev + 1 &&
    found.state === next.state &&
    found.priority === next.priority &&
    found.wakeAt === next.wakeAt &&
    found.tries === next.tries &&
    found.holder === next.holder &&
    found.doneAt === next.doneAt &&
    found.memo === next.memo &&
    found.key === (next.keepKey ? row.key : null)
  )
}
