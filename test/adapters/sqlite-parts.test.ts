/** Parts that change their state while somebody looks for them by state. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import { type BetterDatabase, type SqliteDatabase, sqlite } from '../../adapters/sqlite/index.ts'
import type { Row } from '../../src/storage/index.ts'
import { aRow } from './fixtures/rows.ts'

type BetterSqlite3 = new (path: string) => BetterDatabase
const Better: BetterSqlite3 = createRequire(import.meta.url)('better-sqlite3')

const folder = mkdtempSync(join(tmpdir(), 'piecework-parts-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The database, with something that happens after each of its reads: what another process does there. */
function interrupted(db: SqliteDatabase, afterRead: () => void): SqliteDatabase {
  const prepare = db.prepare.bind(db)
  const interruptedStatement = (sql: string) => {
    const statement = prepare(sql) as { all(...values: unknown[]): unknown[] }
    const all = statement.all.bind(statement)
    statement.all = (...values) => {
      const rows = all(...values)
      afterRead()
      return rows
    }
    return statement
  }
  return Object.assign(db, { prepare: interruptedStatement }) as SqliteDatabase
}

const drivers: [string, (file: string) => SqliteDatabase][] = [
  ['node:sqlite', (file) => new DatabaseSync(file)],
  ['better-sqlite3', (file) => new Better(file)],
]

test.each(drivers)(
  'MR-01 a part that goes from an open state to another while parts are looked for is not missed, on %s',
  (driver, connect) => {
    const file = join(folder, `${driver.replace(':', '-')}.db`)
    const other = sqlite(file)
    const db = connect(file)
    let afterRead = () => {}
    const storage = sqlite(interrupted(db, () => afterRead()))
    other.insert([aRow('job/00000000', { parent: 'job' })])
    const move = (state: Row['state']) => {
      const [row] = other.get(['job/00000000'])
      other.apply([{ row: row!, next: { ...row!, state, keepKey: true } }])
    }
    const states = ['held', 'waiting', 'running']
    for (const [from, to] of [
      ['waiting', 'running'],
      ['running', 'waiting'],
      ['held', 'waiting'],
      ['held', 'running'],
    ] as const) {
      for (let strike = 1; strike <= 4; strike++) {
        move(from)
        let reads = 0
        afterRead = () => {
          if (++reads === strike) move(to)
        }
        const { rows } = storage.find({ parent: 'job', states }, 10)
        afterRead = () => {}
        expect(
          rows.map(({ id }) => id),
          `${from} to ${to} after read ${strike}`,
        ).toEqual(['job/00000000'])
        expect(states).toContain(rows[0]!.state)
      }
    }
    other.close()
    db.close()
  },
)
