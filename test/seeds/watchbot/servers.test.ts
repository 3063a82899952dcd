/** Watchbot's backends, and the others that there are, each with a whole job on a server of its own. */
import { test } from 'vitest'
import { redis } from '../../../examples/redis-adapter/redis.ts'
import type { Storage } from '../../../src/storage/index.ts'
import type { KindName } from '../../servers/kinds.ts'
import { dynamoPlace, mongoPlace, openAt, postgresPlace } from '../../servers/places.ts'
import { withServer } from '../../servers/with-server.ts'
import { carriesAJob } from './whole-job.ts'

interface Backend {
  readonly name: string
  readonly kind: KindName
  readonly open: (url: string) => Promise<Storage>
}

const backends: readonly Backend[] = [
  {
    name: 'W27 W29 a job runs on DynamoDB',
    kind: 'dynamodb',
    open: (url) => openAt(dynamoPlace(url).fresh()),
  },
  {
    name: 'W27 W30 a job runs on Redis, by an adapter of an app of its own',
    kind: 'redis',
    open: (url) => redis(url),
  },
  {
    name: 'W27 a job runs on Postgres',
    kind: 'postgres',
    open: (url) => openAt(postgresPlace(url).fresh()),
  },
  {
    name: 'W27 a job runs on MongoDB',
    kind: 'mongo',
    open: (url) => openAt(mongoPlace(url).fresh()),
  },
]

for (const { name, kind, open } of backends) {
  await withServer(kind, ({ url }) => {
    test(name, async () => {
      const storage = await open(url)
      await carriesAJob(storage)
      await storage.close?.()
    })
  })
}
