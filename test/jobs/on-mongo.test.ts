/** Jobs on MongoDB. */
import { mongoPlace, openAt } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { carriesJobs } from './storages/carried.ts'
import { keepsJobs } from './storages/kept.ts'

await withServer('mongo', (server) => {
  const address = mongoPlace(server.url).fresh()
  carriesJobs(() => openAt(address))
  keepsJobs(() => openAt(address))
})
