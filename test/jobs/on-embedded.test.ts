/** Jobs on memory and on SQLite. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import type { Storage } from '../../src/storage/index.ts'
import { openAt, sqlitePlace } from '../servers/places.ts'
import { carriesJobs } from './storages/carried.ts'
import { keepsJobs } from './storages/kept.ts'

const folder = mkdtempSync(join(tmpdir(), 'piecework-jobs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const address = sqlitePlace(folder).fresh()
// Closed by one, it would be closed for all.
const map: Storage = { ...memory(), close() {} }

describe('memory', () => {
  carriesJobs(() => map)
  keepsJobs(() => map)
})

describe('SQLite', () => {
  carriesJobs(() => openAt(address))
  keepsJobs(() => openAt(address))
})
