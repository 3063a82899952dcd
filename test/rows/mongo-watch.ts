/**
 * Looks at a collection in a race from outside, at all documents over and over: a standalone server logs no changes. What
 * lies between two looks may be many moves, so it is whether any moves lead from the one to the other.
 */
import type { Collection, Document } from 'mongodb'
import { standingOf } from '../../src/core/row-moves.ts'
import type { Page } from './mongo-pages.ts'
import type { Marks } from './racing/check.ts'

export const noMarks: Marks = {
  reservationId: null,
  reservationTime: null,
  reservationTimes: null,
  startTime: null,
  endTime: null,
}

export function marksOf(scrape: Document | undefined): Marks {
  const { reservationId, reservationTime, reservationTimes, startTime, endTime } = { ...noMarks, ...scrape }
  const at = (time: unknown) => (time instanceof Date ? time.getTime() : time)
  return {
    reservationId,
    reservationTime: at(reservationTime),
    reservationTimes,
    startTime: at(startTime),
    endTime: at(endTime),
  }
}

/** Compares what it is shown with what it was shown before. */
export class Looks {
  readonly wrong: string[] = []
  count = 0
  readonly #last = new Map<string, Marks>()
  /** Where each reservation id was seen, and whether it is past. */
  readonly #tokens = new Map<string, { readonly row: string; past: boolean }>()

  async look(pages: Collection<Page>): Promise<void> {
    this.count++
    for (const { _id, scrape } of await pages.find({}, { projection: { scrape: 1 } }).toArray()) {
      this.see(String(_id), marksOf(scrape))
    }
  }

  see(id: string, now: Marks): void {
    const before = this.#last.get(id) ?? noMarks
    this.#last.set(id, now)
    if (JSON.stringify(before) === JSON.stringify(now)) return
    const fault = faultBetween(before, now) ?? this.#tokenFault(id, before, now)
    if (fault) this.wrong.push(`${id} ${fault}: ${JSON.stringify(before)} ${JSON.stringify(now)}`)
  }

  #tokenFault(row: string, before: Marks, now: Marks): string | undefined {
    if (before.reservationId === now.reservationId) return undefined
    const left = this.#tokens.get(before.reservationId ?? '')
    if (left) left.past = true
    if (now.reservationId === null) return undefined
    const seen = this.#tokens.get(now.reservationId)
    this.#tokens.set(now.reservationId, { row, past: false })
    return seen && (seen.past || seen.row !== row) ? 'has a reservation that was seen before' : undefined
  }
}

/** Whether no moves lead from one to the other. */
export function faultBetween(from: Marks, to: Marks): string | undefined {
  const [before, after] = [standing(from), standing(to)]
  const grown = (to.reservationTimes ?? 0) - (from.reservationTimes ?? 0)
  if (before === 'ended') return 'changed after its end'
  if (grown < 0) return 'forgot tries'
  if (after === 'free') {
    return to.reservationTime !== null || to.startTime !== null ? 'is free and keeps a time' : undefined
  }
  if (to.reservationTime === null) return 'is held since no time'
  if (from.reservationId !== to.reservationId) {
    return after !== 'active' && grown === 0 ? 'was started and not counted' : undefined
  }
  if (from.reservationTime !== to.reservationTime) return 'has another time under the same reservation'
  if (before === 'started' && (after === 'active' || from.startTime !== to.startTime)) return 'was started twice'
  const starts = before === 'active' && after !== 'active' ? 1 : 0
  return grown === starts ? undefined : 'counted other than its starts'
}

function standing({ reservationId, startTime, endTime }: Marks) {
  return standingOf({ reservationId: reservationId !== null, startTime: startTime !== null, endTime: endTime !== null })
}
