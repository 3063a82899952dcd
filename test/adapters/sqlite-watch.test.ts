/** When a watch of an SQLite file wakes. */
import { once } from 'node:events'
import { watch } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { run } from './fixtures/ordered-process.ts'
import { aRow, manyRows } from './fixtures/rows.ts'
import { freshPlace } from './fixtures/sqlite-place.ts'
import { sqliteProcess } from './fixtures/sqlite-process.ts'

const place = freshPlace()
const { opened } = place

describe('watch', () => {
  test('wakes when another process inserts', async () => {
    const storage = opened(place.file)
    storage.insert([aRow('mine')])
    const woken = new Promise<void>((resolve) => storage.watch(resolve))
    const { said } = await run(await sqliteProcess(place.file), { insert: 1, prefix: 'theirs-' })
    expect(said).toBe(1)
    await woken
  })

  test('does not wake for its own writes', async () => {
    const storage = opened(place.file)
    storage.insert([aRow('a')])
    let wakes = 0
    storage.watch(() => {
      wakes += 1
    })
    const log = watch(`${place.file}-wal`)
    storage.insert(manyRows(100))
    await once(log, 'change')
    log.close()
    expect(wakes).toBe(0)
  })

  test('gives no hint in memory, and ends in silence', () => {
    const storage = opened(':memory:')
    storage.watch(() => {})()
  })
})
