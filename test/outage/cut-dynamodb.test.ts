/** A network cut between a worker and DynamoDB. */
import { dynamoPlace } from '../servers/places.ts'
import { listenerOf, throughPort } from '../servers/wire.ts'
import { withServer } from '../servers/with-server.ts'
import { networkCut } from './cut.ts'

await withServer('dynamodb', ({ url }) => {
  networkCut(dynamoPlace(url), listenerOf(url), (direct, port) => ({ ...direct, endpoint: throughPort(url, port) }))
})
