/** `kill -9` of workers on DynamoDB. */
import { dynamoPlace } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { killMatrix } from './matrix.ts'

await withServer('dynamodb', (server) => killMatrix(dynamoPlace(server.url)))
