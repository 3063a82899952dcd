/** `kill -9` of workers on MongoDB. */
import { mongoPlace } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { killMatrix } from './matrix.ts'

await withServer('mongo', (server) => killMatrix(mongoPlace(server.url)))
