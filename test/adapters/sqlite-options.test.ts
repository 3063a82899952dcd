/** What `sqlite` takes and what it refuses at the door. */
import { readdirSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { freshPlace, withCode } from './fixtures/sqlite-place.ts'

const place = freshPlace()
const { ask, opened } = place

describe('the door', () => {
  test('a Node without node:sqlite is told which one has it', () => {
    const builtin = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
    expect(() => sqlite(place.file)).toThrow(
      withCode('missing_driver', /Node 22.13 or later, or pass a better-sqlite3/),
    )
    builtin.mockRestore()
  })

  test('options are checked before anything is opened', () => {
    const wrong: [unknown, string][] = [
      [{ synchronous: 3 }, "Expected `synchronous` to be 'full' or 'normal', got `3` (number)"],
      [{ busyTimeoutMs: -1 }, 'Expected `busyTimeoutMs` to be an integer from 0 to 2147483647, got `-1` (number)'],
      [{ busyTimeoutMs: '5s' }, 'Expected `busyTimeoutMs` to be an integer from 0 to 2147483647, got `5s` (string)'],
    ]
    for (const [options, message] of wrong)
      expect(() => sqlite(place.file, options as object)).toThrow(new TypeError(message))
    for (const tablePrefix of ['', '1_', 'a"b', 'sqlite_', 'x'.repeat(51), 3]) {
      expect(() => sqlite(place.file, { tablePrefix } as object)).toThrow(
        /Expected `tablePrefix` to be 1 to 50 letters/,
      )
    }
    expect(readdirSync(place.folder)).toEqual([])
  })

  test('what is neither a path nor a database is refused', () => {
    for (const database of ['', null, 7, {}]) {
      expect(() => sqlite(database as never)).toThrow(/^Expected `database` to be a path/)
    }
  })

  test('a path is opened in WAL mode and flushed at each commit unless the app says otherwise', () => {
    opened(place.file)
    expect(ask('pragma journal_mode')).toEqual([['wal']])
    expect(opened(place.file).traits).toMatchObject({ durable: true, shared: true, order: 'exact' })
    expect(opened(':memory:').traits).toMatchObject({ durable: false, shared: false })
  })
})
