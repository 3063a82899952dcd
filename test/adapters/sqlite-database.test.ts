/** A database that the app opened and goes on using beside the storage. */
import { describe, expect, test } from 'vitest'
import { type SqliteDatabase, sqlite } from '../../adapters/sqlite/index.ts'
import { aRow, completed, manyRows, NOON, wanting } from './fixtures/rows.ts'
import { drivers, freshPlace, withCode } from './fixtures/sqlite-place.ts'

const place = freshPlace()
const { connected, opened } = place

describe.each(drivers)('a database of %s', (_, connect) => {
  function numberOf(db: SqliteDatabase, pragma: string): number {
    const [row] = db.prepare(`pragma ${pragma}`).all() as Record<string, number>[]
    return Object.values(row as Record<string, number>)[0] as number
  }

  test('keeps its settings, but for a busy timeout that is shorter', () => {
    const db = connected(connect)
    db.exec('pragma synchronous = 1; pragma busy_timeout = 100; pragma wal_autocheckpoint = 77')
    opened(db)
    expect([numberOf(db, 'synchronous'), numberOf(db, 'wal_autocheckpoint')]).toEqual([1, 77])
    expect(numberOf(db, 'busy_timeout')).toBe(5000)
    db.exec('pragma busy_timeout = 60000')
    opened(db, { synchronous: 'full' })
    expect([numberOf(db, 'synchronous'), numberOf(db, 'busy_timeout')]).toEqual([2, 60_000])
  })

  test('stays open when the storage is closed, and the storage refuses with `closed`', () => {
    const db = connected(connect)
    const storage = sqlite(db)
    storage.close()
    storage.close()
    expect(() => storage.get(['a'])).toThrow(withCode('closed'))
    expect(() => storage.watch(() => {})).toThrow(withCode('closed'))
    db.exec('create table orders (id integer)')
  })

  test('SD-05 that the app closes first makes each call `closed`', () => {
    const db = connect(place.file)
    const storage = sqlite(db)
    db.close()
    expect(() => storage.get(['a'])).toThrow(withCode('closed'))
    expect(() => storage.insert([aRow('a')])).toThrow(withCode('closed'))
    storage.close()
  })

  test('that has a transaction open makes each write `busy`, so that no rollback undoes what was acknowledged', () => {
    const db = connected(connect)
    const storage = opened(db)
    storage.insert([aRow('due')])
    db.exec('begin')
    for (const call of [
      () => storage.insert([aRow('a')]),
      () => storage.claim(wanting('resize', 1)),
      () => storage.apply([completed(aRow('a'))]),
      () => sqlite(db),
    ]) {
      expect(call).toThrow(withCode('busy', /transaction open/))
    }
    expect(storage.get(['a'])).toEqual([undefined])
    expect(storage.now().error).toBe(0)
    db.exec('commit')
    expect(storage.get(['a'])).toEqual([undefined])
    expect(storage.insert([aRow('a')])).toEqual(['inserted'])
  })

  test('DB-12 that another connection holds makes a write `busy` with the cause, and nothing is done', () => {
    const db = connected(connect)
    const storage = opened(db)
    db.exec('pragma busy_timeout = 0')
    const other = connected(connect)
    other.exec('begin immediate')
    expect(() => storage.insert([aRow('a')])).toThrow(withCode('busy', /locked/))
    expect(storage.get(['a'])).toEqual([undefined])
    // A worker with nothing to do does not even ask for the lock.
    expect(storage.claim(wanting('resize', 1))).toEqual([])
    other.exec('rollback')
  })

  test('may have big integers on', () => {
    const db = connected(connect)
    if ('defaultSafeIntegers' in db) (db as { defaultSafeIntegers(on: boolean): void }).defaultSafeIntegers(true)
    const storage = opened(db)
    storage.insert(manyRows(3))
    expect(storage.claim(wanting('resize', 1))[0]).toMatchObject({ rev: NOON + 1, tries: 1 })
    expect(storage.count({ upTo: 10 })).toEqual({ counts: { resize: { running: 1, waiting: 2 } }, capped: false })
  })
})
