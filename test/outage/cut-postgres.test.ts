/** A network cut between a worker and Postgres. */
import { postgresPlace } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { networkCut } from './cut.ts'

await withServer('postgres', (server) => {
  const url = new URL(server.url)
  networkCut(postgresPlace(server.url), Number(url.port), (direct, port) => {
    const wired = new URL(url)
    wired.host = `127.0.0.1:${port}`
    return { ...direct, url: wired.href }
  })
})
