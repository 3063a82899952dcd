/** Four processes on one MongoDB. */
import { mongoPlace } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { crowdDrains } from './crowd.ts'

await withServer('mongo', (server) => {
  const place = mongoPlace(server.url)
  crowdDrains({ tasks: 20_000, processes: 4, each: '' }, () => place.fresh())
})
