import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import {
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  PutItemCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import { createTable, dynamodb } from '../../adapters/dynamodb/index.ts'
import { withServer } from '../servers/with-server.ts'
import { answeringServer, refusingServer, silentServer } from './fixtures/dynamodb-stubs.ts'
import { clientOf, newTable, newTableName, settingsFor } from './fixtures/dynamodb-tables.ts'
import { aRow, completed, manyRows, NOON, wanting } from './fixtures/rows.ts'

const nowhere = settingsFor('http://127.0.0.1:1')

describe('what it is given', () => {
  test.each([
    [null, { table: 'abc' }, /`client` to be a DynamoDBClient.*got `null` \(object\)/],
    ['url', { table: 'abc' }, /`client` to be a DynamoDBClient.*got `url` \(string\)/],
    [nowhere, undefined, /`options` to be an object with `table`, got `undefined`/],
    [nowhere, {}, /`table` to be a table's name.*got `undefined`/],
    [nowhere, { table: 'a b c' }, /`table` to be a table's name.*got `a b c`/],
    [nowhere, { table: 'abc', shards: 0 }, /`shards` to be an integer from 1 to 64, got `0` \(number\)/],
    [nowhere, { table: 'abc', listing: 'no' }, /`listing` to be a boolean, got `no` \(string\)/],
    [nowhere, { table: 'abc', keepDoneDays: '7d' }, /`keepDoneDays` to be a number above 0.*got `7d` \(string\)/],
    [nowhere, { table: 'abc', timeoutMs: 0.5 }, /`timeoutMs` to be an integer.*got `0.5` \(number\)/],
    [nowhere, { table: 'abc', shard: 2 }, /`options` to hold only table, shards.*got `shard`/],
  ])('is refused where it is wrong: %j %j', (client, options, message) => {
    expect(() => dynamodb(client as never, options as never)).toThrow(TypeError)
    expect(() => dynamodb(client as never, options as never)).toThrow(message)
  })

  test('is loaded only when it is needed: without the driver the first call says what to install', () => {
    const adapter = fileURLToPath(new URL('../../adapters/dynamodb/index.ts', import.meta.url))
    const program = `
      import { registerHooks } from 'node:module'
      registerHooks({ resolve(name, context, next) {
        if (name.startsWith('@aws-sdk/')) throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
        return next(name, context)
      } })
      const { dynamodb } = await import(${JSON.stringify(adapter)})
      const storage = dynamodb({ region: 'eu-west-1' }, { table: 'tasks' })
      await storage.get(['a']).catch(({ name, code, message }) => console.log([name, code, message].join('; ')))`
    const said = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '--eval', program])
    expect(String(said).trim()).toBe(
      'StorageError; missing_driver; Install `@aws-sdk/client-dynamodb` to use piecework/dynamodb',
    )
  })
})

describe('a service that does not work with it', () => {
  test.each(['AccessDeniedException', 'UnrecognizedClientException', 'ExpiredTokenException'])(
    '%s is not usable, and nothing is tried again',
    async (type) => {
      const storage = dynamodb(settingsFor(await refusingServer(type)), { table: 'tasks' })
      await expect(storage.insert([aRow('a')])).rejects.toMatchObject({
        code: 'not_usable',
        message: expect.stringContaining(`The table tasks cannot be used: ${type}`),
      })
      storage.close()
    },
  )

  test('settings without a region are not usable, and said so', async () => {
    const region = () => Promise.reject(new Error('Region is missing'))
    const storage = dynamodb({ ...nowhere, region }, { table: 'tasks' })
    await expect(storage.get(['a'])).rejects.toMatchObject({ code: 'not_usable' })
  })

  test('DB-20 what is throttled to the end did nothing, and is busy', async () => {
    const endpoint = await refusingServer('ProvisionedThroughputExceededException')
    const storage = dynamodb(settingsFor(endpoint), { table: 'tasks', timeoutMs: 3_000 })
    for (const call of [() => storage.get(['a']), () => storage.extend([aRow('a')], NOON)]) {
      await expect(call()).rejects.toMatchObject({ code: 'busy' })
    }
    storage.close()
  })

  test('DB-06 every call ends where the connection is silent: a read as busy, a write as unknown', async () => {
    const storage = dynamodb(settingsFor(await silentServer()), { table: 'tasks', timeoutMs: 300 })
    await expect(storage.get(['a'])).rejects.toMatchObject({ code: 'busy' })
    await expect(storage.claim(wanting('resize', 1))).rejects.toMatchObject({ code: 'busy' })
    await expect(storage.now()).rejects.toMatchObject({ code: 'busy' })
    const unknown = await Promise.resolve(storage.extend([aRow('a')], NOON)).catch((error: unknown) => error)
    expect(String(unknown)).toMatch(/1 of 1 rows failed \(a\).*what became of the write is not known/)
    expect(unknown).not.toHaveProperty('code')
    storage.close()
  })

  test('CK-12 answers without a Date tell no time', async () => {
    const endpoint = await answeringServer((_, response) => {
      response.sendDate = false
      response.end('{}')
    })
    const storage = dynamodb(settingsFor(endpoint), { table: 'tasks' })
    await expect(storage.now()).rejects.toThrow('The answers of DynamoDB have no Date')
    storage.close()
  })
})

await withServer('dynamodb', (server) => {
  const client = clientOf(server.url)

  test('a missing table is not usable, and the error and doctor() say how to make it', async () => {
    const storage = dynamodb(client, { table: newTableName() })
    await expect(storage.insert([aRow('a')])).rejects.toMatchObject({
      code: 'not_usable',
      message: expect.stringContaining('Create it with `createTable(client, { table })`'),
    })
    expect(await storage.doctor()).toMatchObject([{ level: 'error', about: 'schema' }])
  })

  test('createTable by eight at once makes one table, waits until it is active, and changes nothing when it is there', async () => {
    const table = newTableName()
    await Promise.all(Array.from({ length: 8 }, () => createTable(settingsFor(server.url), { table })))
    const { Table } = await client.send(new DescribeTableCommand({ TableName: table }))
    expect(Table?.TableStatus).toBe('ACTIVE')
    const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName: table }))
    expect(TimeToLiveDescription).toMatchObject({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' })
    await dynamodb(client, { table }).insert([aRow('a')])
    await createTable(client, { table })
    expect(await dynamodb(client, { table }).get(['a'])).toEqual([aRow('a')])
  })

  test("createTable and doctor() refuse somebody else's table, and say what is wrong with it", async () => {
    const table = newTableName()
    await client.send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    )
    const wrong =
      'its key is id (HASH) in place of pk (HASH), sk (RANGE); it has no index `due`; it has no index `list`'
    await expect(createTable(client, { table })).rejects.toMatchObject({
      code: 'not_usable',
      message: expect.stringContaining(wrong),
    })
    const [finding] = await dynamodb(client, { table }).doctor()
    expect(finding).toMatchObject({ level: 'error', message: expect.stringContaining(wrong) })
  })

  test('doctor() finds nothing wrong with a table of createTable, and what is only costly or strange', async () => {
    const table = await newTable(client)
    const levels = async (options: { shards?: number; keepDoneDays?: number }) =>
      (await dynamodb(client, { table, ...options }).doctor()).map(({ about, level }) => `${about} ${level}`)
    expect(await levels({ keepDoneDays: 1 })).toEqual(['schema ok', 'billing ok', 'expiry ok', 'layout ok', 'clock ok'])
    expect(await levels({ shards: 2 })).toContain('layout warning')
    const TimeToLiveSpecification = { AttributeName: 'expires', Enabled: false }
    await client.send(new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification }))
    expect(await levels({ keepDoneDays: 1 })).toContain('expiry warning')
  })

  test('the first process of a table says how it is laid out: shards are only ever raised, listing stays', async () => {
    const table = await newTable(client)
    const [few, many] = [dynamodb(client, { table, shards: 2 }), dynamodb(client, { table, shards: 8 })]
    await few.insert(manyRows(20))
    await many.insert(manyRows(20).map((row) => ({ ...row, id: `more-${row.id}` })))
    const late = dynamodb(client, { table, shards: 1 })
    expect((await late.claim(wanting('resize', 40))).length).toBe(40)
    const other = dynamodb(client, { table, listing: false })
    await expect(other.insert([aRow('a')])).rejects.toThrow('was begun with `listing: true`, which has to stay')
  })

  test('a table of a later version is refused, and nothing is written', async () => {
    const table = await newTable(client)
    const storage = dynamodb(client, { table })
    const meta = { pk: { S: 'meta' }, sk: { S: 'meta' }, version: { N: '2' } }
    await client.send(new PutItemCommand({ TableName: table, Item: meta }))
    await expect(storage.insert([aRow('a')])).rejects.toMatchObject({ code: 'newer_schema' })
    expect(await storage.get(['a'])).toEqual([undefined])
    const UpdateExpression = 'SET version = :one, listing = :true'
    const ExpressionAttributeValues = { ':one': { N: '1' }, ':true': { BOOL: true } }
    const Key = { pk: meta.pk, sk: meta.sk }
    await client.send(new UpdateItemCommand({ TableName: table, Key, UpdateExpression, ExpressionAttributeValues }))
    // A refusal is not remembered: the table may have been mended.
    expect(await storage.insert([aRow('a')])).toEqual(['inserted'])
  })

  test("the app's client stays open, and nothing is put into it", async () => {
    const table = await newTable(client)
    const before = client.middlewareStack.identify()
    const storages = [1, 2].map(() => dynamodb(client, { table }))
    for (const storage of storages) {
      await storage.insert([aRow('a')])
      await storage.now()
      storage.close()
      await expect(storage.now()).rejects.toMatchObject({ code: 'closed' })
    }
    expect(client.middlewareStack.identify()).toEqual(before)
    expect(await dynamodb(client, { table }).get(['a'])).toEqual([aRow('a')])
  })

  test('DB-04 CR-04 a server that is killed and comes back has all it acknowledged, and calls under way go on', async ({
    skip,
  }) => {
    skip(!server.own, 'the server is not ours to kill')
    const table = await newTable(client)
    const storage = dynamodb(client, { table })
    await storage.insert(manyRows(20))
    const claimed = await storage.claim(wanting('resize', 10))
    const [first, ...rest] = claimed.map((row) => completed(row))
    await storage.apply([first!])
    await server.kill()
    const underWay = storage.apply(rest)
    await server.restart()
    expect(await underWay).toEqual(rest.map(() => 'applied'))
    expect(await storage.apply([first!])).toEqual(['applied'])
    expect((await storage.claim(wanting('resize', 20, 'worker#2'))).length).toBe(10)
  })
})
