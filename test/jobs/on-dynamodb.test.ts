/** Jobs on DynamoDB. */
import { dynamoPlace, openAt } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { carriesJobs } from './storages/carried.ts'
import { keepsJobs } from './storages/kept.ts'

await withServer('dynamodb', (server) => {
  const address = dynamoPlace(server.url).fresh()
  carriesJobs(() => openAt(address))
  keepsJobs(() => openAt(address))
})
