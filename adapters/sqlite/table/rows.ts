/** Rows as the statements give them: what the columns of a reservation say, and the user's own row. */
import type { RowStanding, SeenRow } from '../../../src/storage/index.ts'
import type { Bound, Columns, WideRow } from '../connection.ts'

/** By the order in which `seen` names them. */
export function seenFrom([id, token, tries, standing, reservedAt, startedAt, endedAt]: Columns): SeenRow {
  return {
    id: id as string,
    token: token as string | null,
    tries: Number(tries),
    standing: standing as RowStanding,
    reservedAt: reservedAt as number | null,
    startedAt: startedAt as number | null,
    endedAt: endedAt as number | null,
  }
}

/** An integer is a number where that holds all its digits, and a bigint else. */
export function ownRow<Row>(row: WideRow): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, narrowed(value)])) as Row
}

function narrowed(value: Bound): Bound {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** @throws TypeError on what cannot be a key. */
export function keyText(key: unknown): string {
  if (typeof key === 'string' || typeof key === 'bigint' || Number.isSafeInteger(key)) return String(key)
  const wanted = 'a text, a whole number or a bigint'
  throw new TypeError(`Expected a key to be ${wanted}, got \`${describe(key)}\` (${typeof key})`)
}

function describe(key: unknown): string {
  try {
    return String(key)
  } catch {
    // An object may have no way of being a text.
    return typeof key
  }
}
