/** SQLite files and disks that cannot serve, at the start or while they are open. */
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { sqlite } from '../../adapters/sqlite/index.ts'
import type { Row } from '../../src/storage/index.ts'
import { aRow, completed, manyRows, wanting } from './fixtures/rows.ts'
import { Better, drivers, freshPlace, withCode } from './fixtures/sqlite-place.ts'

const place = freshPlace()
const { connected, opened } = place

describe('a place that cannot serve', () => {
  test('DB-14 a file that is no database is refused and left as it is', () => {
    writeFileSync(place.file, 'dear diary, '.repeat(1000))
    expect(() => sqlite(place.file)).toThrow(withCode('not_usable', /not an SQLite database/))
    expect(readFileSync(place.file, 'utf8')).toBe('dear diary, '.repeat(1000))
  })

  test('DB-14 a damaged file is refused with the cause, and nothing is made anew', () => {
    const storage = sqlite(place.file)
    storage.insert(manyRows(2000))
    storage.close()
    truncateSync(place.file, 4096 * 8)
    expect(() => {
      const damaged = opened(place.file)
      damaged.claim(wanting('resize', 100))
    }).toThrow(withCode('not_usable', /damaged/))
    expect(readFileSync(place.file).length).toBe(4096 * 8)
  })

  test('DB-14 a file that is deleted or replaced while it is open acknowledges nothing more', () => {
    const replace = () => {
      copyFileSync(place.file, `${place.file}.copy`)
      renameSync(`${place.file}.copy`, place.file)
    }
    for (const lose of [() => rmSync(place.file), replace]) {
      const storage = opened(place.file)
      storage.insert([aRow('a')])
      lose()
      expect(() => storage.insert([aRow('b')])).toThrow(withCode('not_usable', /deleted or replaced/))
      expect(() => storage.now()).toThrow(withCode('not_usable', /deleted or replaced/))
    }
  })

  test('DB-13 a database that cannot be written is refused at the door', () => {
    sqlite(place.file).close()
    const readOnly = [new DatabaseSync(place.file, { readOnly: true }), new Better(place.file, { readonly: true })]
    for (const db of readOnly) {
      expect(() => sqlite(db)).toThrow(withCode('not_usable', /cannot be written/))
      db.close()
    }
  })

  test.each(drivers)('DB-13 a full disk loses no claim, and the work goes on once there is room: %s', (_, connect) => {
    const db = connected(connect)
    const storage = opened(db)
    storage.insert([aRow('a')])
    const [claimed] = storage.claim(wanting('resize', 1)) as [Row]
    const memo = JSON.stringify('x'.repeat(100_000))
    db.exec('pragma max_page_count = 1')
    expect(() => storage.apply([completed(claimed, { memo })])).toThrow(/No space is left/)
    expect(storage.get(['a'])).toEqual([claimed])
    db.exec('pragma max_page_count = 100000')
    expect(storage.apply([completed(claimed, { memo })])).toEqual(['applied'])
  })

  test('a folder, and a folder that is not there, cannot be opened', () => {
    mkdirSync(place.file)
    expect(() => sqlite(place.file)).toThrow(withCode('not_usable', /cannot be opened/))
    expect(() => sqlite(join(place.folder, 'nowhere', 'work.db'))).toThrow(withCode('not_usable', /cannot be opened/))
  })
})
