/** Rows for the cases to work with, what should become of them, and how two are compared. */
import { strict as assert } from 'node:assert'
import { type Change, type ClaimRequest, type NextRow, type Row, RUNNING, WAITING } from '../storage/index.ts'

/** The virtual present of the cases. No case reads a clock: time comes with the call. */
export const NOW = 1_700_000_000_000
export const LEASE = 60_000
export const NAME = 'resize'

const FIELDS = [
  'id',
  'name',
  'state',
  'priority',
  'wakeAt',
  'rev',
  'tries',
  'holder',
  'key',
  'parent',
  'doneAt',
  'input',
  'memo',
] as const satisfies readonly (keyof Row)[]

/** A due row. Its parent follows from its id, as in the contract. */
export function row(id: string, fields: Partial<Row> = {}): Row {
  const slash = id.lastIndexOf('/')
  return {
    id,
    name: NAME,
    state: WAITING,
    priority: 5,
    wakeAt: NOW,
    rev: NOW,
    tries: 0,
    holder: null,
    key: null,
    parent: slash < 0 ? null : id.slice(0, slash),
    doneAt: null,
    input: '{"file":"a.png"}',
    memo: '{}',
    ...fields,
  }
}

/** The same row, written back with these changes. */
export function rewritten(seen: Row, fields: Partial<NextRow> = {}): Change {
  const { state, priority, wakeAt, tries, holder, doneAt, memo } = seen
  return { row: seen, next: { state, priority, wakeAt, tries, holder, doneAt, memo, keepKey: true, ...fields } }
}

/** The row, finished by its holder. */
export function finished(seen: Row, fields: Partial<NextRow> = {}): Change {
  return rewritten(seen, {
    state: 'completed',
    wakeAt: null,
    doneAt: NOW + 1,
    memo: `{"result":"of ${seen.holder}"}`,
    keepKey: false,
    ...fields,
  })
}

/** The row, removed. */
export function removed(seen: Row): Change {
  return { row: seen, next: null }
}

/** What the row is after this change, by the contract. */
export function afterApply({ row: seen, next }: Change): Row | undefined {
  if (next === null) return undefined
  const { keepKey, ...written } = next
  return { ...seen, ...written, key: keepKey ? seen.key : null, rev: seen.rev + 1 }
}

/** What the row is after this claim, by the contract. */
export function afterClaim(before: Row, claim: Pick<ClaimRequest, 'holder' | 'until'>): Row {
  return {
    ...before,
    state: before.state === WAITING ? RUNNING : before.state,
    wakeAt: claim.until,
    rev: before.rev + 1,
    tries: before.tries + 1,
    holder: claim.holder,
  }
}

function plain(found: Row): Row {
  return Object.fromEntries(FIELDS.map((field) => [field, found[field]])) as unknown as Row
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 80 ? `${text.slice(0, 80)}... (${text.length} characters)` : text
}

/** What sets two rows apart, in words; empty when nothing does. */
export function difference(found: Row | undefined, expected: Row | undefined): string {
  if (found === undefined && expected === undefined) return ''
  if (expected === undefined) return `the row ${shown(found?.id)} is there`
  if (found === undefined) return `the row ${shown(expected.id)} is not there`
  return FIELDS.filter((field) => !Object.is(found[field], expected[field]))
    .map((field) => `${field} of ${shown(expected.id)} is ${shown(found[field])} in place of ${shown(expected[field])}`)
    .join('; ')
}

/** Fails with `complaint`, and what is different, unless both are the same row to the byte. */
export function same(found: Row | undefined, expected: Row | undefined, complaint: string): void {
  const apart = difference(found, expected)
  if (apart === '') return
  assert.deepEqual(found && plain(found), expected && plain(expected), `${complaint}: ${apart}`)
  assert.fail(`${complaint}: ${apart}`)
}

/** As {@link same}, for lists of rows: length, order and every byte. */
export function sameRows(found: readonly Row[], expected: readonly Row[], complaint: string): void {
  const ids = (rows: readonly Row[]) => rows.map((each) => each.id)
  assert.deepEqual(ids(found), ids(expected), `${complaint}: got [${ids(found)}] in place of [${ids(expected)}]`)
  for (const [index, each] of expected.entries()) same(found[index], each, complaint)
}
