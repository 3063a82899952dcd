/** Follows one row of a race through all that the log says of it, and says where the log and the row part. */
import type { ClaimRequest, Row } from '../storage/index.ts'
import { lies } from './race-lies.ts'
import type { Entry, History } from './race-log.ts'
import { afterApply, afterClaim, difference } from './rows.ts'

/** Follows one row from rev to rev through all that may have happened, and says where the log and the row part. */
export function complaintsOfRow(
  id: string,
  history: History,
  final: Row | undefined,
  unknownClaims: readonly ClaimRequest[],
): string[] {
  const knownInserts = history.inserts.filter((each) => each.known)
  if (knownInserts.length > 1) return [`${knownInserts.length} inserts of the id ${id} were answered 'inserted'`]
  const inserts = knownInserts.length > 0 ? knownInserts : history.inserts
  if (inserts.length === 0) return final ? [`${id} is stored although no insert of it succeeded`] : []
  const told = inserts.map(({ row, known }) => follow(id, row, known, history, final, unknownClaims))
  return told.find((each) => each.length === 0) ?? told[0]!
}

function follow(
  id: string,
  inserted: Row,
  known: boolean,
  history: History,
  final: Row | undefined,
  unknownClaims: readonly ClaimRequest[],
): string[] {
  const wrong: string[] = []
  let worlds: Row[] = [inserted]
  let rev = inserted.rev
  const last = Math.max(
    rev,
    final?.rev ?? 0,
    ...history.claims.map((each) => each.row.rev),
    ...history.applies
      .filter((each) => each.answer === 'applied' && each.change.next)
      .map((each) => each.change.row.rev + 1),
  )
  if (!known && final === undefined && last === rev && history.applies.every(({ change }) => change.next)) return []

  for (; rev < last; rev++) {
    worlds = extended(worlds, history, rev)
    const claims = history.claims.filter((each) => each.row.rev === rev + 1)
    const applies = history.applies.filter(
      (each) => each.change.row.rev === rev && each.change.next && each.answer === 'applied',
    )
    const writes = new Set([
      ...claims.map(({ entry }) => entry.holder + entry.call),
      ...applies.map(({ change }) => JSON.stringify(change.next)),
    ])
    if (writes.size > 1)
      return [
        ...wrong,
        `${writes.size} writes made rev ${rev + 1} of ${id}: ${[...claims, ...applies].map(({ entry }) => `${entry.verb} by ${entry.holder} (call ${entry.call})`).join(', ')}`,
      ]
    const before = worlds
    if (claims[0]) {
      const { request, row, entry } = claims[0]
      worlds = before.filter((each) => dueFor(each, request)).map((each) => afterClaim(each, request))
      if (worlds.length === 0)
        return [
          ...wrong,
          `${entry.holder} claimed ${id} at ${request.now}, when a lease (or a wait) ran until ${before[0]?.wakeAt}: two holders have one row`,
        ]
      const fits = worlds.filter((each) => difference(row, each) === '')
      if (fits.length === 0)
        return [
          ...wrong,
          `${entry.holder} was handed a row that is not what the log makes of it: ${difference(row, worlds[0])}`,
        ]
      worlds = fits
    } else if (applies[0]) {
      const { change } = applies[0]
      worlds = before.map((each) => afterApply({ row: each, next: change.next })!)
    } else {
      worlds = unknownWrites(before, history, rev, unknownClaims)
      if (worlds.length === 0) return [...wrong, `rev ${rev + 1} of ${id} was made by no write of the log`]
    }
  }
  worlds = extended(worlds, history, last)
  return [...wrong, ...ending(id, worlds, last, history, final), ...lies(id, last, history, final)]
}

/** The worlds with every extend of this rev: an acknowledged one happened, the last of them last; an unknown one may have. */
function extended(worlds: readonly Row[], history: History, rev: number): Row[] {
  const here = history.extends.filter((each) => each.row.rev === rev && each.answer !== false)
  if (here.length === 0) return [...worlds]
  const sure = here.filter((each) => each.answer === true)
  const lastSure = sure.at(-1)
  // Two beats of one holder under way together may land in either order: all that could be last are possible ends.
  const ends = new Set(
    here
      .filter((each) => each.answer === undefined || each === lastSure || overlaps(each.entry, lastSure?.entry))
      .map((each) => each.until),
  )
  const unmoved = lastSure ? [] : worlds
  return [...unmoved, ...[...ends].flatMap((wakeAt) => worlds.map((each) => ({ ...each, wakeAt })))]
}

function overlaps(one: Entry, other: Entry | undefined): boolean {
  return other !== undefined && (one.to ?? Number.POSITIVE_INFINITY) >= other.from
}

function dueFor(row: Row, request: ClaimRequest): boolean {
  return row.wakeAt !== null && row.wakeAt <= request.now
}

/** What killed holders may have done to a row at this rev. */
function unknownWrites(
  worlds: readonly Row[],
  history: History,
  rev: number,
  unknownClaims: readonly ClaimRequest[],
): Row[] {
  const applied = history.applies
    .filter((each) => each.change.row.rev === rev && each.change.next && each.answer === undefined)
    .flatMap(({ change }) => worlds.map((each) => afterApply({ row: each, next: change.next })!))
  const claimed = unknownClaims.flatMap((request) =>
    worlds
      .filter((each) => dueFor(each, request) && request.wants.some((want) => want.name === each.name))
      .map((each) => afterClaim(each, request)),
  )
  return [...applied, ...claimed]
}

/** Whether the row is stored as one of the worlds has it, or was removed by someone who could. */
function ending(id: string, worlds: readonly Row[], last: number, history: History, final: Row | undefined): string[] {
  const removals = history.applies.filter(
    ({ change, answer }) => change.next === null && change.row.rev === last && answer !== 'stale',
  )
  const surely = removals.filter(({ answer }) => answer === 'applied')
  if (final === undefined)
    return removals.length > 0 ? [] : [`${id} is gone although no removal of rev ${last} succeeded: a write was lost`]
  if (surely.length > 0) return [`${id} is stored although ${surely[0]!.entry.holder} has removed it at rev ${last}`]
  const near = worlds.find((each) => difference(final, each) === '')
  return near ? [] : [`the stored row is not what the log makes of it: ${difference(final, worlds[0])}`]
}
