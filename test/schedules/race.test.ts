/** Schedules raced for by real processes on one SQLite file. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { sqlitePlace } from '../servers/places.ts'
import { raced } from './racing/raced.ts'

const folder = mkdtempSync(join(tmpdir(), 'piecework-schedule-race-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

raced(sqlitePlace(folder).fresh())
