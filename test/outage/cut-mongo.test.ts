/** A network cut between a worker and MongoDB. */
import { mongoPlace } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { networkCut } from './cut.ts'

await withServer('mongo', (server) => {
  const { host, hostname, port: own, pathname } = new URL(server.url)
  const path = decodeURIComponent(host)
  const target = path.startsWith('/') ? { path } : { host: hostname, port: Number(own) }
  networkCut(mongoPlace(server.url), target, (direct, port) => ({
    ...direct,
    // Without the discovery of other members, whose addresses would lead past the wire.
    url: `mongodb://127.0.0.1:${port}${pathname}?directConnection=true`,
  }))
})
