/** The naughty lists on DynamoDB. */
import { dynamoPlace, openAt } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { verdicts } from './verdicts.ts'

await withServer('dynamodb', (server) => {
  const address = dynamoPlace(server.url).fresh()
  verdicts(() => openAt(address))
})
