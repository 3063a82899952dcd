/** All scenarios, in the order in which they run. */
import type { Scenario } from '../scenario.ts'
import { add1Mongo } from './add1-mongo.ts'
import { add1Postgres } from './add1-postgres.ts'
import { add1Sqlite } from './add1-sqlite.ts'
import { crowdedPostgres } from './crowded-postgres.ts'
import { drainMemory } from './drain-memory.ts'
import { drainMongo } from './drain-mongo.ts'
import { drainPostgres } from './drain-postgres.ts'
import { drainSqlite } from './drain-sqlite.ts'
import { jobPartsMemory, jobPartsPostgres, jobPartsRedis, jobPartsSqlite } from './job-parts.ts'
import { latency } from './latency.ts'
import { rowsPostgres, rowsSqlite } from './rows.ts'

export const scenarios: readonly Scenario[] = [
  drainSqlite,
  drainMemory,
  drainPostgres,
  drainMongo,
  add1Sqlite,
  add1Postgres,
  add1Mongo,
  crowdedPostgres,
  jobPartsSqlite,
  jobPartsMemory,
  jobPartsPostgres,
  jobPartsRedis,
  rowsSqlite,
  rowsPostgres,
  latency,
]
