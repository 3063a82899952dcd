/** How an adapter knows its own write when it comes back as a failed condition. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { writtenRow } from '../../src/storage/codec.ts'
import { isOwnWrite } from '../../src/storage/own-write.ts'
import type { NextRow, Row } from '../../src/storage/storage.ts'
import { now, rowOf } from './rows.ts'

const instant = fc.option(fc.integer({ min: now, max: now + 5 }), { nil: null })
const anyNext: fc.Arbitrary<NextRow> = fc.record({
  state: fc.constantFrom('waiting', 'running', 'completed'),
  priority: fc.nat(9),
  wakeAt: instant,
  tries: fc.nat(5),
  holder: fc.constantFrom('a#1', 'b#1', null),
  doneAt: instant,
  memo: fc.constantFrom('{}', '{"a":1}'),
  keepKey: fc.boolean(),
})
const anyRow: fc.Arbitrary<Row> = fc
  .record({ key: fc.option(fc.constant('k'), { nil: null }), rev: fc.integer({ min: now, max: now + 2 }) })
  .map((columns) => ({ ...rowOf(1), ...columns }))

/** A write that differs from `next` in one column. */
const others: ((next: NextRow) => NextRow)[] = [
  (next) => ({ ...next, state: `${next.state}!` }),
  (next) => ({ ...next, priority: next.priority + 1 }),
  (next) => ({ ...next, wakeAt: (next.wakeAt ?? 0) + 1 }),
  (next) => ({ ...next, tries: next.tries + 1 }),
  (next) => ({ ...next, holder: `${next.holder}!` }),
  (next) => ({ ...next, doneAt: (next.doneAt ?? 0) + 1 }),
  (next) => ({ ...next, memo: `${next.memo} ` }),
]

describe('isOwnWrite', () => {
  test('DB-24 the row that the change makes is its own', () => {
    fc.assert(
      fc.property(anyRow, anyNext, (row, next) => {
        expect(isOwnWrite({ row, next }, writtenRow(row, next))).toBe(true)
      }),
    )
  })

  test('DB-24 a row that differs in anything that was written is not', () => {
    fc.assert(
      fc.property(anyRow, anyNext, (row, next) => {
        const written = writtenRow(row, next)
        for (const other of others) expect(isOwnWrite({ row, next }, writtenRow(row, other(next)))).toBe(false)
        const strangers = [
          row,
          { ...written, rev: row.rev },
          { ...written, rev: row.rev + 2 },
          { ...written, key: 'other' },
        ]
        for (const found of [...strangers, undefined]) expect(isOwnWrite({ row, next }, found)).toBe(false)
      }),
    )
  })

  test('a row that let go of its key is not one that kept it', () => {
    const row = { ...rowOf(1), key: 'k' }
    const next: NextRow = { ...row, keepKey: true }
    expect(isOwnWrite({ row, next }, writtenRow(row, { ...next, keepKey: false }))).toBe(false)
    expect(isOwnWrite({ row, next: { ...next, keepKey: false } }, writtenRow(row, next))).toBe(false)
  })

  test('a removal is its own where the row is gone, and only there', () => {
    const row = rowOf(1)
    expect(isOwnWrite({ row, next: null }, undefined)).toBe(true)
    expect(isOwnWrite({ row, next: null }, row)).toBe(false)
    expect(isOwnWrite({ row, next: null }, { ...row, rev: row.rev + 1 })).toBe(false)
  })
})
