/** The command that hands items over, on SQLite and on each kind of server. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe } from 'vitest'
import { dynamoPlace, mongoPlace, postgresPlace, sqlitePlace } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { dispatching } from './dispatching.ts'

const folder = mkdtempSync(join(tmpdir(), 'piecework-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('on sqlite', () => dispatching(sqlitePlace(folder)))
await withServer('postgres', ({ url }) => dispatching(postgresPlace(url)))
await withServer('mongo', ({ url }) => dispatching(mongoPlace(url)))
await withServer('dynamodb', ({ url }) => dispatching(dynamoPlace(url)))
