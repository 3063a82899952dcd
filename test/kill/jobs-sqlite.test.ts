/** `kill -9` of processes that add jobs and work them off, on an SQLite file. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe } from 'vitest'
import { sqlitePlace } from '../servers/places.ts'
import { killJobs } from './job-matrix.ts'

const folder = mkdtempSync(join(tmpdir(), 'piecework-kill-jobs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('kill -9 on SQLite', () => killJobs(sqlitePlace(folder), { carriesOn: false }))
