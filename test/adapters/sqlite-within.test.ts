/** Work that is added inside a transaction of the app. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Row } from '../../src/storage/index.ts'
import { aRow, completed, manyRows, wanting } from './fixtures/rows.ts'
import { drivers, freshPlace, withCode } from './fixtures/sqlite-place.ts'

const place = freshPlace()
const { ask, connected, opened } = place

describe.each(drivers)('a database of %s', (_, connect) => {
  describe('within', () => {
    test('CR-06 what is written goes with the app: kept at its commit, gone at its rollback', () => {
      const db = connected(connect)
      const storage = opened(db)
      db.exec('create table orders (id integer)')
      for (const [end, id] of [
        ['rollback', 'gone'],
        ['commit', 'kept'],
      ] as const) {
        db.exec('begin immediate; insert into orders values (1)')
        expect(storage.within(db).insert([aRow(id, { key: id })])).toEqual(['inserted'])
        expect(storage.within(db).get([id])).toEqual([aRow(id, { key: id })])
        db.exec(end)
      }
      expect(storage.get(['gone', 'kept'])).toEqual([undefined, aRow('kept', { key: 'kept' })])
      expect(ask('select count(*) from orders')).toEqual([[1]])
    })

    test('DB-10 other writes are `busy` at once while such a transaction is open, instead of stopping the thread that ends it', () => {
      const storage = opened(place.file)
      storage.insert([aRow('due')])
      const db = connected(connect)
      db.exec('begin immediate')
      storage.within(db).insert([aRow('inside')])
      const asked = performance.now()
      expect(() => storage.claim(wanting('resize', 1))).toThrow(withCode('busy', /transaction open/))
      // The busy timeout is five seconds; this is about none of them having been waited.
      expect(performance.now() - asked).toBeLessThan(2_500)
      db.exec('commit')
      expect(storage.claim(wanting('resize', 2))).toHaveLength(2)
    })

    test('serves a storage that has a connection of its own to the same file', () => {
      const storage = opened(place.file)
      const db = connected(connect)
      db.exec('begin immediate')
      const inside = storage.within(db)
      const rows = manyRows(60)
      inside.insert(rows)
      expect(storage.get([rows[0]?.id as string])).toEqual([undefined])
      const claimed = inside.claim(wanting('resize', 50)) as Row[]
      expect(inside.apply(claimed.map((row) => completed(row)))).toEqual(claimed.map(() => 'applied'))
      db.exec('commit')
      expect(storage.count({ upTo: 100 }).counts).toEqual({ resize: { completed: 50, waiting: 10 } })
    })

    test('refuses a connection without a transaction, then and later, and one to another file', () => {
      const db = connected(connect)
      const storage = opened(place.file)
      expect(() => storage.within(db)).toThrow(
        new TypeError('Expected `tx` to have a transaction open, got one that has none'),
      )
      db.exec('begin')
      const inside = storage.within(db)
      db.exec('commit')
      expect(() => inside.insert([aRow('a')])).toThrow(TypeError)
      const other = connect(join(place.folder, 'other.db'))
      other.exec('begin')
      expect(() => storage.within(other)).toThrow(/^Expected `tx` to be a connection to .*work.db/)
      other.close()
    })

    test('undoes a call that failed half-way and leaves the rest of the transaction to the app', () => {
      const db = connected(connect)
      const storage = opened(db)
      db.exec('create table orders (id integer); begin immediate; insert into orders values (1)')
      const wrong = { ...aRow('b'), memo: null } as unknown as Row
      expect(() => storage.within(db).insert([aRow('a'), wrong])).toThrow()
      db.exec('commit')
      expect(storage.get(['a'])).toEqual([undefined])
      expect(ask('select count(*) from orders')).toEqual([[1]])
    })
  })
})
