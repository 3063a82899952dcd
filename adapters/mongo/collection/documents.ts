/** Documents of the app's own, as the contract sees them. */
import type { Document, FindOptions } from 'mongodb'
import { type ReservedRow, type RowMarks, reservedRow, type SeenRow, standingOf } from '../../../src/storage/index.ts'
import type { Call } from '../call.ts'
import type { Fields } from './fields.ts'
import type { Keys } from './keys.ts'

/** What every verb works with, once the collection was found to be fit. */
export interface Ground extends Fields, Keys {}

/** The call is the adapter's, which knows its own rows. */
export async function documents(call: Call, filter: Document, options?: FindOptions): Promise<Document[]> {
  return (await call.rows(filter, options)) as unknown as Document[]
}

export function reservedOf<Row>(ground: Ground, document: Document): ReservedRow<Row> {
  return reservedRow(seenOf(ground, document), document as Row)
}

export function seenOf(ground: Ground, document: Document): SeenRow {
  return { id: ground.textOf(valueAt(document, ground.columns.id)), ...marksOf(ground, document) }
}

function marksOf({ columns }: Ground, document: Document): RowMarks {
  const token = valueAt(document, columns.reservationId)
  const startTime = valueAt(document, columns.startTime)
  const endTime = valueAt(document, columns.endTime)
  const has = { reservationId: token !== null, startTime: startTime !== null, endTime: endTime !== null }
  return {
    standing: standingOf(has),
    token: token === null ? null : String(token),
    // Whatever type of number it is.
    tries: Number(valueAt(document, columns.reservationTimes) ?? 0),
    reservedAt: instantOf(valueAt(document, columns.reservationTime)),
    startedAt: instantOf(startTime),
    endedAt: instantOf(endTime),
  }
}

/** What the path leads to; `null` for a field that is not there. */
function valueAt(document: Document, path: string): unknown {
  let value: unknown = document
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return null
    value = Reflect.get(value, step)
  }
  return value ?? null
}

/** What is no time is one that is long over, so that the row does not wait for ever. */
function instantOf(value: unknown): number | null {
  if (value === null) return null
  return value instanceof Date ? value.getTime() : 0
}
