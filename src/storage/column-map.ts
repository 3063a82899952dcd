/** The columns that a user names for a source, checked at the door. The same for tables and for collections. */
import { expected } from '../core/expect.ts'
import type { ReservationColumn } from '../core/row-moves.ts'

/** Which column or field of the user's own holds what. All hold `null` in a row that nobody has begun with. */
export interface ReservationColumns {
  /** Who holds the row: an id that is fresh for each reservation, and the fence. Text of 64 characters, or a uuid. */
  readonly reservationId: string
  /** Since when. */
  readonly reservationTime: string
  /** How often it was started: an integer. */
  readonly reservationTimes: string
  /** When it was started last. */
  readonly startTime: string
  /** When it ended well. */
  readonly endTime: string
  /** Optional, a truth value: whether its last end was good. */
  readonly success?: string
  /** Optional, a text: what it failed with last. */
  readonly error?: string
}

const needed = ['reservationId', 'reservationTime', 'reservationTimes', 'startTime', 'endTime'] as const

/** In the order in which they are written. */
export const reservationColumns: readonly ReservationColumn[] = [...needed, 'success', 'error']

/** @throws TypeError naming the option. */
export function checkColumns<T extends ReservationColumns & { readonly id: string }>(
  options: T,
  known: readonly string[],
): T {
  if (typeof options !== 'object' || options === null) throw expected('options', 'an object', options)
  for (const name of Object.keys(options)) {
    if (['id', ...reservationColumns, ...known].includes(name)) continue
    throw new TypeError(
      `Expected \`options\` to hold only ${['id', ...reservationColumns, ...known].join(', ')}, got \`${name}\``,
    )
  }
  // A composite key comes as an array: two columns cannot name a row in one reservation.
  if (Array.isArray(options.id))
    throw expected('id', 'the name of one column: a composite key is not supported', options.id)
  const seen = new Map<string, string>()
  for (const name of ['id', ...reservationColumns] as const) {
    const column: unknown = options[name]
    if (column === undefined && (name === 'success' || name === 'error')) continue
    if (typeof column !== 'string' || column === '' || column.includes('\0') || !column.isWellFormed()) {
      throw expected(name, 'the name of a column', column)
    }
    const twin = seen.get(column)
    if (twin !== undefined)
      throw new TypeError(`Expected \`${name}\` and \`${twin}\` to be two columns, got "${column}" twice`)
    seen.set(column, name)
  }
  return options
}
