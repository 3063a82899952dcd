/** Twenty connections of four processes on one Postgres. */
import { postgresPlace } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { crowdDrains } from './crowd.ts'

await withServer('postgres', (server) => {
  const place = postgresPlace(server.url)
  const crowd = { tasks: 20_000, processes: 4, each: ' with 5 connections each' }
  crowdDrains(crowd, () => ({ ...place.fresh(), connections: 5 }))
})
