/** A network cut between a worker and Postgres. */
import { postgresPlace } from '../servers/places.ts'
import { listenerOf, throughPort } from '../servers/wire.ts'
import { withServer } from '../servers/with-server.ts'
import { networkCut } from './cut.ts'

await withServer('postgres', ({ url }) => {
  networkCut(postgresPlace(url), listenerOf(url), (direct, port) => ({ ...direct, url: throughPort(url, port) }))
})
