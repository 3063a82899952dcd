/** How the SQLite storage looks for rows: by its indexes, in order, and never too far at once. */
import { describe, expect, test } from 'vitest'
import type { SqliteDatabase } from '../../adapters/sqlite/index.ts'
import type { Row } from '../../src/storage/index.ts'
import { completed, manyRows, NOON, wanting } from './fixtures/rows.ts'
import { drivers, freshPlace } from './fixtures/sqlite-place.ts'

const { ask, connected, opened } = freshPlace()

describe.each(drivers)('a database of %s', (_, connect) => {
  test('DB-30 a claim and an apply look up rows by their indexes and sort nothing', () => {
    const asked = new Set<string>()
    const db = connected(connect)
    const storage = opened({
      prepare: (sql: string) => {
        asked.add(sql)
        return db.prepare(sql)
      },
      exec: (sql: string) => db.exec(sql),
      close: () => {},
      ...('inTransaction' in db ? { inTransaction: false } : { isTransaction: false }),
    } as SqliteDatabase)
    storage.insert(manyRows(100))
    asked.clear()
    const claimed = storage.claim(wanting('resize', 60))
    storage.extend(claimed, NOON + 60_000)
    storage.apply(claimed.map((row) => completed(row)))
    storage.get(['a'])
    storage.find({ parent: 'job', states: ['waiting'] }, 10)
    storage.find({ key: 'a' }, 1)
    storage.find({ doneBefore: NOON }, 10)
    storage.find({ claimedBy: 'worker#1', until: NOON + 60_000, names: ['resize', 'other'] }, 10)

    const plans = [...asked].filter((sql) => sql.includes('piecework_row')).map((sql) => [sql, planOf(sql)] as const)
    expect(plans.length).toBeGreaterThanOrEqual(9)
    for (const [sql, plan] of plans) {
      const what = `${sql}\n${plan}`
      expect(what).not.toMatch(/SCAN (piecework_row|r)\b/)
      // The lanes of a claim are few, and sorted by priority; its rows come as they lie in the index.
      if (!sql.startsWith('with recursive')) expect(what).not.toContain('TEMP B-TREE')
      if (sql.includes('wake_at <= +?')) expect(what).toMatch(/USING (COVERING )?INDEX piecework_row_due \(name=\? AND/)
    }

    function planOf(sql: string): string {
      return ask(`explain query plan ${sql}`)
        .map((columns) => columns.at(-1))
        .join('\n')
    }
  })
})

describe('find', () => {
  test('a page looks at 10,000 rows at most, and `after` leads on to rows that are rare', () => {
    const storage = opened(':memory:')
    const rows = manyRows(25_000, { parent: 'job', wakeAt: null }).map((row, at) => ({
      ...row,
      id: `job/${row.id}`,
      state: at % 20_000 === 19_999 ? 'rare' : 'waiting',
    }))
    for (let at = 0; at < rows.length; at += 1000) storage.insert(rows.slice(at, at + 1000))
    const pages: number[] = []
    let after: string | null = ''
    while (after !== null) {
      const page = storage.find({ names: ['resize'], states: ['rare'], after }, 10)
      pages.push(page.rows.length)
      after = page.after
    }
    expect(pages).toEqual([0, 1, 0])
    // By parent a state has its own place in the index: nothing lies between.
    expect(storage.find({ parent: 'job', states: ['rare'] }, 10)).toMatchObject({ rows: [{}], after: null })
  })
})

describe('claim', () => {
  test('merges lanes of several names in exact order, in chunks, and keeps each limit', () => {
    const storage = opened(':memory:')
    const rows = manyRows(400).map((row, at) => ({
      ...row,
      name: `name-${at < 300 ? 0 : at % 5}`,
      priority: at % 2,
      wakeAt: NOON - ((at * 7) % 11),
      tries: at % 3,
    }))
    storage.insert(rows)
    const limits: Record<string, number> = { 'name-0': 90, 'name-1': 3, 'name-2': 100, 'name-3': 100, 'name-4': 1 }
    const expected: string[] = []
    const order = (a: Row, b: Row) =>
      a.priority - b.priority || Number(a.wakeAt) - Number(b.wakeAt) || a.tries - b.tries || (a.id < b.id ? -1 : 1)
    const left = { ...limits }
    for (const row of [...rows].sort(order)) {
      if (expected.length === 120 || left[row.name] === 0) continue
      left[row.name] = (left[row.name] as number) - 1
      expected.push(row.id)
    }
    const wants = Object.entries(limits).map(([name, limit]) => ({ name, limit }))
    const claimed = storage.claim({ wants, limit: 120, holder: 'worker#1', now: NOON, until: NOON + 1 })
    expect(claimed.map(({ id }) => id)).toEqual(expected)
  })
})
