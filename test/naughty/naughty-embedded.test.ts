/** The naughty lists on memory and on SQLite. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { openAt, sqlitePlace } from '../servers/places.ts'
import { verdicts } from './verdicts.ts'

const folder = mkdtempSync(join(tmpdir(), 'piecework-naughty-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const address = sqlitePlace(folder).fresh()

describe('memory', () => verdicts(() => memory()))
describe('SQLite', () => verdicts(() => openAt(address)))
