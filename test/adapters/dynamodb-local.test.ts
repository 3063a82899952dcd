import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { test as declare } from 'vitest'
import { dynamodb } from '../../adapters/dynamodb/index.ts'
import { conformance, model, race, type Subject, type Test } from '../../src/conformance/index.ts'
import { withServer } from '../servers/with-server.ts'
import { clientOf, newTable } from './fixtures/dynamodb-tables.ts'

/** A Java program, which may share its processor with much else. */
const test: Test = (name, run) => declare(name, { timeout: 240_000 }, (context) => run(context))

// Amazon's own emulator, against which the other one is checked: what both do, DynamoDB most likely does.
await withServer('dynamodb-local', (server) => {
  const client = clientOf(server.url)
  const onTable = async (): Promise<Subject> => {
    const table = await newTable(client)
    const open = () => dynamodb(client, { table })
    const cleanup = async () => void (await client.send(new DeleteTableCommand({ TableName: table })))
    return { storage: open(), again: open, cleanup }
  }
  conformance({ test, create: onTable })
  model({ test, create: onTable, histories: 5 })
  race({ test, create: onTable, rounds: 20 })
})
