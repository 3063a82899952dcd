/** Rows that have a reservation, as a source answers them. */
import type { ReservedRow, SeenRow } from './row-source.ts'

/**
 * What the columns of a reservation say of a row, and the row itself.
 * @throws TypeError where they say that it has no reservation: a source asks its database for reserved rows alone.
 */
export function reservedRow<Row>(seen: SeenRow, row: Row): ReservedRow<Row> {
  const { token } = seen
  if (token === null) throw new TypeError(`Expected row ${seen.id} to have a reservation id, got none`)
  return { ...seen, token, row }
}
