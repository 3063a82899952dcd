/** The naughty lists on Postgres. */
import { openAt, postgresPlace } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { verdicts } from './verdicts.ts'

await withServer('postgres', (server) => {
  const address = postgresPlace(server.url).fresh()
  verdicts(() => openAt(address))
})
