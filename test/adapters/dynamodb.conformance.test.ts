import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { describe, test } from 'vitest'
import { type DynamoOptions, dynamodb } from '../../adapters/dynamodb/index.ts'
import { conformance, model, race, type Subject } from '../../src/conformance/index.ts'
import { withServer } from '../servers/with-server.ts'
import { clientOf, newTable } from './fixtures/dynamodb-tables.ts'

await withServer('dynamodb', (server) => {
  const client = clientOf(server.url)

  const onTable = (options: Omit<DynamoOptions, 'table'>) => async (): Promise<Subject> => {
    const table = await newTable(client)
    const open = () => dynamodb(client, { table, ...options })
    const cleanup = async () => void (await client.send(new DeleteTableCommand({ TableName: table })))
    return { storage: open(), again: open, cleanup }
  }

  describe('as it is by default', () => {
    conformance({ test, create: onTable({}) })
    model({ test, create: onTable({}), histories: 15 })
    race({ test, create: onTable({}), rounds: 40 })
  })

  describe('without a list, with finished rows that expire, on one shard', () => {
    conformance({ test, create: onTable({ listing: false, keepDoneDays: 7, shards: 1 }) })
    model({ test, create: onTable({ listing: false, keepDoneDays: 7, shards: 1 }), histories: 5 })
  })
})
