/** MongoDB killed and started again under load. */
import { mongoPlace } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { serverRestarts } from './restart.ts'

await withServer('mongo', (server) => serverRestarts(server, mongoPlace(server.url)))
