/** Every case of a source on tables in SQLite, with both drivers and by a path. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe } from 'vitest'
import { type SqliteDatabase, sqliteTable } from '../../adapters/sqlite/index.ts'
import { Better } from '../adapters/fixtures/sqlite-place.ts'
import { columnsOfShops, type ShopPlace, type ShopRow, sourceCases } from './source-cases.ts'

const folder = mkdtempSync(join(tmpdir(), 'piecework-rows-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let made = 0

/**
 * `open` makes what a source is given, and `connect` what the user has: by one driver, since two copies of SQLite in one
 * process undo each other's locks on a file.
 */
function placeOf(
  connect: (file: string) => SqliteDatabase,
  suffix: string,
  open = (file: string): SqliteDatabase | string => connect(file),
): ShopPlace {
  return {
    async table(shops, key) {
      const file = join(folder, `${++made}.db`)
      const own = connect(file)
      const closers = [() => own.close()]
      own.exec('pragma journal_mode = wal')
      own.exec(`create table shop (id ${key} primary key, name text not null, price integer not null) ${suffix}`)
      const options = { table: 'shop', ...columnsOfShops }
      for (const statement of sqliteTable(own, options).statements()) own.exec(statement)
      for (const { id, name, price } of shops) {
        own.prepare('insert into shop (id, name, price) values (?, ?, ?)').run(id, name, price)
      }
      return {
        source({ whereDearerThan: least } = {}) {
          const given = open(file)
          const where = least === undefined ? {} : { where: { sql: 'price > ?', values: [least] } }
          const source =
            typeof given === 'string'
              ? sqliteTable<ShopRow>(given, { ...options, ...where })
              : sqliteTable<ShopRow>(given, { ...options, ...where })
          closers.push(() => (typeof given === 'string' ? source.close?.() : given.close()))
          return source
        },
        async rows() {
          const rows = own.prepare('select * from shop order by id').all() as unknown as ShopRow[]
          return rows.map((row) => ({ ...row, success: row.success === null ? null : Boolean(row.success) }))
        },
        setTries: async (id, tries) =>
          void own.prepare('update shop set reservation_times = ? where id = ?').run(tries, id),
        setPrice: async (id, price) => void own.prepare('update shop set price = ? where id = ?').run(price, id),
        remove: async (id) => void own.prepare('delete from shop where id = ?').run(id),
        end: async () => {
          for (const close of closers) close()
        },
      }
    },
  }
}

const byNode = (file: string) => new DatabaseSync(file)

describe('a table in a file', () => sourceCases(placeOf(byNode, '', (file) => file)))
describe('a table without rowids, by node:sqlite', () => sourceCases(placeOf(byNode, 'without rowid')))
describe('a strict table, by better-sqlite3', () => sourceCases(placeOf((file) => new Better(file), 'strict')))
