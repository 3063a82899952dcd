/** Jobs on Postgres. */
import { openAt, postgresPlace } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { carriesJobs } from './storages/carried.ts'
import { keepsJobs } from './storages/kept.ts'

await withServer('postgres', (server) => {
  const address = postgresPlace(server.url).fresh()
  carriesJobs(() => openAt(address))
  keepsJobs(() => openAt(address))
})
