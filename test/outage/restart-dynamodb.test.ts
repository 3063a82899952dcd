/** DynamoDB killed and started again under load. */
import { dynamoPlace } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { serverRestarts } from './restart.ts'

await withServer('dynamodb', (server) => serverRestarts(server, dynamoPlace(server.url)))
