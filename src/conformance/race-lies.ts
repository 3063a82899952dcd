/** Answers of a race that cannot be true: a fence called lost that was not, or called held that was lost. */
import type { Change, Instant, Row } from '../storage/index.ts'
import type { History } from './race-log.ts'

/** The write that ended a rev: by which change, if it was one, and when at the earliest and at the latest. */
interface Ender {
  readonly change: Change | undefined
  readonly from: Instant
  readonly to: Instant
}

/** Complaints about one row; `last` is the highest rev that it had. */
export function lies(id: string, last: number, history: History, final: Row | undefined): string[] {
  const enders = endersOf(history)
  const isGone = final === undefined
  const endsOf = (rev: number): Ender | undefined =>
    enders.get(rev) ??
    (rev < last || (rev === last && isGone) ? { change: undefined, from: -Infinity, to: Infinity } : undefined)
  /** Whether the rev may have been spent, by another write than this one, when a call was answered. */
  const mayBeSpent = (rev: number, answered: Instant, own?: Change): boolean => {
    const ender = endsOf(rev)
    if (ender === undefined || ender.from > answered) return false
    return own !== undefined && isSame(ender.change, own) ? mayBeSpent(rev + 1, answered) : true
  }

  const stale = history.applies
    .filter(({ answer, change, entry }) => answer === 'stale' && !mayBeSpent(change.row.rev, entry.to!, change))
    .map(
      ({ entry }) =>
        `apply answered 'stale' to ${entry.holder} (call ${entry.call}), but nobody else had written ${id} by then: a false stale`,
    )
  const lost = history.extends
    .filter(({ answer, row, entry }) => answer === false && row.wakeAt !== null && !mayBeSpent(row.rev, entry.to!))
    .map(
      ({ entry }) =>
        `extend answered false to ${entry.holder} (call ${entry.call}), but nobody had written ${id} by then: a false loss`,
    )
  const held = history.extends
    .filter(({ answer, row, entry }) => answer === true && (endsOf(row.rev)?.to ?? Infinity) < entry.from)
    .map(
      ({ entry }) =>
        `extend answered true to ${entry.holder} (call ${entry.call}), who had lost ${id} before: a zombie goes on`,
    )
  const removals = history.applies
    .filter(({ change, answer }) => change.next === null && answer === 'applied' && change.row.rev < last && !isGone)
    .map(
      ({ entry }) =>
        `apply answered 'applied' to ${entry.holder} (call ${entry.call}) for the removal of ${id}, which is stored`,
    )
  return [...stale, ...lost, ...held, ...removals]
}

function isSame(one: Change | undefined, other: Change): boolean {
  return one !== undefined && JSON.stringify(one.next) === JSON.stringify(other.next)
}

/** Every acknowledged write by the rev that it ended; one that was sent again counts from its first time. */
function endersOf({ claims, applies }: History): Map<number, Ender> {
  const enders = new Map<number, Ender>()
  const add = (rev: number, ender: Ender): void => {
    const known = enders.get(rev)
    enders.set(rev, known && known.from <= ender.from ? known : ender)
  }
  for (const { row, entry } of claims) add(row.rev - 1, { change: undefined, from: entry.from, to: entry.to! })
  for (const { change, answer, entry } of applies) {
    if (answer === 'applied') add(change.row.rev, { change, from: entry.from, to: entry.to! })
  }
  // The first time may have had no answer: the write was then perhaps done before the call that was told so.
  for (const { change, answer, entry } of applies) {
    const known = enders.get(change.row.rev)
    if (answer !== undefined || known === undefined || !isSame(known.change, change)) continue
    enders.set(change.row.rev, { ...known, from: Math.min(known.from, entry.from) })
  }
  return enders
}
