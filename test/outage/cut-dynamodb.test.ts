/** A network cut between a worker and DynamoDB. */
import { dynamoPlace } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { networkCut } from './cut.ts'

await withServer('dynamodb', (server) => {
  const through = (port: number) => `http://127.0.0.1:${port}`
  networkCut(dynamoPlace(server.url), Number(new URL(server.url).port), (direct, port) => ({
    ...direct,
    endpoint: through(port),
  }))
})
