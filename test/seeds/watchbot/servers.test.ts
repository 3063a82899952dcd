/** Watchbot's backends, and the others that there are, each with a whole job on a server of its own. */
import { test } from 'vitest'
import { redis } from '../../../examples/redis-adapter/redis.ts'
import type { Storage } from '../../../src/storage/index.ts'
import type { KindName } from '../../servers/kinds.ts'
import { dynamoPlace, mongoPlace, openAt, postgresPlace } from '../../servers/places.ts'
import { withServer } from '../../servers/with-server.ts'
import { carriesAJob } from './whole-job.ts'

const opened: readonly [string, KindName, (url: string) => Promise<Storage>][] = [
  ['W27 W29 a job runs on DynamoDB', 'dynamodb', (url) => openAt(dynamoPlace(url).fresh())],
  ['W27 W30 a job runs on Redis, by an adapter of an app of its own', 'redis', (url) => redis(url)],
  ['W27 a job runs on Postgres', 'postgres', (url) => openAt(postgresPlace(url).fresh())],
  ['W27 a job runs on MongoDB', 'mongo', (url) => openAt(mongoPlace(url).fresh())],
]

for (const [name, kind, open] of opened) {
  await withServer(kind, ({ url }) => {
    test(name, async () => {
      const storage = await open(url)
      await carriesAJob(storage)
      await storage.close?.()
    })
  })
}
