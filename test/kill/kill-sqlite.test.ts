/** `kill -9` on an SQLite file. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { piecework } from '../../src/index.ts'
import { openAt, sqlitePlace } from '../servers/places.ts'
import { anHourLater } from './later.ts'
import { killMatrix } from './matrix.ts'
import { writingTask } from './points.ts'

const folder = mkdtempSync(join(tmpdir(), 'piecework-kill-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const place = sqlitePlace(folder)

describe('kill -9 on SQLite', () => killMatrix(place, 25))

test('ER-02 a rejection that a handler leaks ends the process as Node has it, and what it held is recovered', async () => {
  const address = place.fresh()
  const log = join(folder, 'leak.log')
  const script = fileURLToPath(new URL('./leak.ts', import.meta.url))
  const { status, stderr } = spawnSync(process.execPath, [script, JSON.stringify(address), log], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  expect(status).toBe(1)
  expect(stderr).toContain('nobody waits for this')
  const work = piecework({ storage: anHourLater(await openAt(address)), definitions: [writingTask(() => {})] })
  await work.drain()
  // The first had ended well before the leak came out; the later one was only waiting.
  expect(await work.get('first')).toMatchObject({ state: 'completed', attempts: 1 })
  expect(await work.get('later')).toMatchObject({ state: 'completed', attempts: 1 })
  await work.close()
})
