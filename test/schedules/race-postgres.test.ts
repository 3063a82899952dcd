/** Schedules raced for by real processes on one Postgres. */
import { postgresPlace } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { raced } from './racing/raced.ts'

await withServer('postgres', (server) => raced({ ...postgresPlace(server.url).fresh(), connections: 2 }))
