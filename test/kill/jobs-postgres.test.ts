/** `kill -9` of processes that add jobs and work them off, on Postgres. */
import { postgresPlace } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { killJobs } from './job-matrix.ts'

await withServer('postgres', (server) => killJobs(postgresPlace(server.url), { carriesOn: true }))
