/** Four processes on one SQLite file. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { sqlitePlace } from '../servers/places.ts'
import { crowdDrains } from './crowd.ts'

const folder = mkdtempSync(join(tmpdir(), 'piecework-crowd-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

crowdDrains({ tasks: 20_000, processes: 4, each: '' }, sqlitePlace(folder).fresh)
