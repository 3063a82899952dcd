/** Postgres killed and started again under load. */
import { postgresPlace } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { serverRestarts } from './restart.ts'

await withServer('postgres', (server) => serverRestarts(server, postgresPlace(server.url)))
