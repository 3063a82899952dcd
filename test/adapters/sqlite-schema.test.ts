/** How the tables of an SQLite file come to be: once, whoever comes first, and never over newer ones. */
import { readdirSync, readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { run } from './fixtures/ordered-process.ts'
import { aRow } from './fixtures/rows.ts'
import { drivers, freshPlace, withCode } from './fixtures/sqlite-place.ts'
import { sqliteProcess } from './fixtures/sqlite-process.ts'

const place = freshPlace()
const { ask, atEnd, opened } = place

describe('schema', () => {
  test('UP-03 a newer schema is refused and nothing is written', () => {
    sqlite(place.file).close()
    const db = new DatabaseSync(place.file)
    db.exec("update piecework_meta set value = 99 where name = 'schema'; pragma journal_mode = delete")
    db.close()
    const before = readFileSync(place.file)
    expect(() => sqlite(place.file)).toThrow(withCode('newer_schema', /version 99/))
    for (const [, connect] of drivers) {
      const passed = connect(place.file)
      expect(() => sqlite(passed)).toThrow(withCode('newer_schema'))
      passed.close()
    }
    expect(readFileSync(place.file).equals(before)).toBe(true)
    expect(readdirSync(place.folder)).toEqual(['work.db'])
  })

  test('DB-12 a file whose tables are there opens while another connection stands still with the write lock', () => {
    sqlite(place.file).close()
    const holder = new DatabaseSync(place.file)
    atEnd(() => holder.close())
    holder.exec('begin immediate')
    const storage = opened(place.file, { busyTimeoutMs: 20 })
    expect(() => storage.insert([aRow('a')])).toThrow(withCode('busy'))
    holder.exec('rollback')
    expect(storage.insert([aRow('a')])).toEqual(['inserted'])
  })

  test('UP-02 DB-12 four processes open a fresh file at once: one makes the tables, and all write', async () => {
    const children = await Promise.all([1, 2, 3, 4].map(() => sqliteProcess(place.file)))
    const ends = await Promise.all(children.map((child, at) => run(child, { insert: 50, prefix: `${at}-` })))
    expect(ends.map(({ said }) => said)).toEqual([50, 50, 50, 50])
    expect(ask("select value from piecework_meta where name = 'schema'")).toEqual([[1]])
    expect(ask('select count(*) from piecework_row')).toEqual([[200]])
  })

  test('CR-11 a process killed at any statement of the migration leaves nothing, and the next one makes all', async () => {
    let killed = 0
    for (let statement = 1; ; statement++) {
      const { said, signal } = await run(await sqliteProcess(place.file), { migrateUntil: statement })
      if (signal === null) {
        expect(said).toBe('migrated')
        break
      }
      killed += 1
      expect(signal).toBe('SIGKILL')
      expect(ask('select name from sqlite_master')).toEqual([])
    }
    // begin, seven statements, the version and commit.
    expect(killed).toBe(10)
    expect(opened(place.file).insert([aRow('a')])).toEqual(['inserted'])
  })

  test('UP-04 an index that somebody dropped is named and refused', () => {
    sqlite(place.file).close()
    ask('drop index piecework_row_key')
    expect(() => sqlite(place.file)).toThrow(withCode('not_usable', /piecework_row_key/))
  })

  test('tables of this version are opened without a write', () => {
    sqlite(place.file).close()
    const before = readFileSync(place.file)
    sqlite(place.file).close()
    expect(readFileSync(place.file).equals(before)).toBe(true)
  })

  test('two prefixes keep two storages apart in one file', () => {
    const [first, second] = [opened(place.file), opened(place.file, { tablePrefix: 'other_' })]
    first.insert([aRow('a')])
    expect(second.get(['a'])).toEqual([undefined])
    expect(second.insert([aRow('a')])).toEqual(['inserted'])
  })
})
