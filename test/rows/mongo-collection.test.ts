/** Documents of the app's own as the queue: what every source does, and what is a collection's alone. */
import { describe } from 'vitest'
import { freshDatabases } from '../adapters/fixtures/mongo-client.ts'
import { withServer } from '../servers/with-server.ts'
import { shopPlace } from './mongo-shops.ts'
import { sourceCases } from './source-cases.ts'

await withServer('mongo', (server) => {
  const { newDb } = freshDatabases(server.url)

  describe('fields side by side', () => sourceCases(shopPlace(newDb(), false)))
  describe('fields in one that is not there yet', () => sourceCases(shopPlace(newDb(), true)))
})
