/** What the doctor of an SQLite storage sees: each thing that can be wrong, made wrong. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { type SqliteDatabase, type SqliteStorage, sqlite } from '../../adapters/sqlite/index.ts'
import type { Finding } from '../../src/storage/index.ts'
import { freshPlace } from './fixtures/sqlite-place.ts'

const fileSystem = vi.hoisted(() => ({ type: 0xef53 }))
vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  statfsSync: () => fileSystem,
}))

const place = freshPlace()
let db: SqliteDatabase

beforeEach(() => {
  fileSystem.type = 0xef53
  db = place.connected((file) => new DatabaseSync(file))
})

const about = (storage: SqliteStorage, subject: string): Finding | undefined =>
  storage.doctor().find((finding) => finding.about === subject)
const levels = (storage: SqliteStorage) =>
  Object.fromEntries(storage.doctor().map((finding) => [finding.about, finding.level]))

describe('the doctor of an SQLite storage', () => {
  test('finds nothing wrong with a file that it opened itself', () => {
    const storage = sqlite(join(place.folder, 'own.db'))
    const all = { schema: 'ok', indexes: 'ok', durability: 'ok', journal: 'ok', place: 'ok', clock: 'ok' }
    expect(levels(storage)).toEqual(all)
    storage.close()
    expect(() => storage.doctor()).toThrow(expect.objectContaining({ code: 'closed' }))
  })

  test('warns that a database in memory ends with its process', () => {
    const storage = sqlite(':memory:')
    expect(about(storage, 'durability')).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(/in memory/),
    })
    expect(about(storage, 'journal')?.level).toBe('ok')
    storage.close()
  })

  test.each([
    ['delete', /block each other/],
    ['truncate', /block each other/],
    ['memory', /damages the file/],
  ])('warns of the journal mode %s and says what to do', (mode, price) => {
    // Out of WAL there is no way but through delete.
    db.exec(`pragma journal_mode = delete; pragma journal_mode = ${mode}`)
    expect(about(sqlite(db), 'journal')).toMatchObject({ level: 'warning', message: expect.stringMatching(price) })
    expect(about(sqlite(db), 'journal')?.message).toMatch(/pragma journal_mode = wal/)
  })

  test.each([
    ['off', 'warning', /may damage the file/],
    ['normal', 'warning', /may take the last commits/],
    ['full', 'ok', /flushed/],
    ['extra', 'ok', /flushed/],
  ])('finds synchronous = %s: %s', (synchronous, level, message) => {
    db.exec(`pragma synchronous = ${synchronous}`)
    expect(about(sqlite(db), 'durability')).toMatchObject({ level, message: expect.stringMatching(message) })
  })

  test('finds an error where an index was dropped since the storage was opened', () => {
    const storage = sqlite(db)
    db.exec('drop index piecework_row_key')
    expect(about(storage, 'indexes')).toMatchObject({
      level: 'error',
      message: expect.stringMatching(/"piecework_row_key"/),
    })
  })

  test('finds an error where the tables are of another version, or of none', () => {
    const storage = sqlite(db)
    db.exec(`update piecework_meta set value = 99 where name = 'schema'`)
    expect(about(storage, 'schema')).toMatchObject({ level: 'error', message: expect.stringMatching(/of version 99/) })
    db.exec('delete from piecework_meta')
    expect(about(storage, 'schema')).toMatchObject({
      level: 'error',
      message: expect.stringMatching(/no schema version/),
    })
  })

  test('DB-15 finds an error where the database that the app passed is on a network file system', () => {
    const storage = sqlite(db)
    fileSystem.type = 0x6969
    expect(about(storage, 'place')).toMatchObject({ level: 'error', message: expect.stringMatching(/NFS/) })
  })
})
