/** A network cut between a worker and Postgres. */
import { afterAll } from 'vitest'
import { postgresPlace } from '../servers/places.ts'
import { startWire } from '../servers/wire.ts'
import { withServer } from '../servers/with-server.ts'
import { networkCut } from './cut.ts'

await withServer('postgres', async (server) => {
  const place = postgresPlace(server.url)
  const wire = await startWire(Number(new URL(server.url).port))
  afterAll(() => wire.end())
  const wired = new URL(server.url)
  wired.port = String(wire.port)
  networkCut(place, (direct) => ({ ...direct, url: wired.href }), wire)
})
