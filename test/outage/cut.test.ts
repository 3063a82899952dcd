/** A network cut between a worker and each kind of server: all at once, as most of the time nothing happens. */
import { describe } from 'vitest'
import { dynamoPlace, mongoPlace, postgresPlace } from '../servers/places.ts'
import { listenerOf, throughPort } from '../servers/wire.ts'
import { withServer } from '../servers/with-server.ts'
import { networkCut } from './cut.ts'

describe.concurrent('a network that is cut', async () => {
  await withServer('postgres', ({ url }) => {
    networkCut(postgresPlace(url), listenerOf(url), (direct, port) => ({ ...direct, url: throughPort(url, port) }))
  })

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

  await withServer('dynamodb', ({ url }) => {
    networkCut(dynamoPlace(url), listenerOf(url), (direct, port) => ({ ...direct, endpoint: throughPort(url, port) }))
  })
})
