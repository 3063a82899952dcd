/** `kill -9` of workers on Postgres. */
import { postgresPlace } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { killMatrix } from './matrix.ts'

await withServer('postgres', (server) => killMatrix(postgresPlace(server.url)))
