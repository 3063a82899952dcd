/** What DynamoDB does by itself, and how little rests on it: tokens that it forgets, items that expire, hot partitions. */
import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import { dynamodb } from '../../adapters/dynamodb/index.ts'
import { rowKey, shardOf } from '../../adapters/dynamodb/layout.ts'
import { withServer } from '../servers/with-server.ts'
import { aroundRequests, placeOf } from './fixtures/dynamodb-interrupted.ts'
import { clientOf, newTable } from './fixtures/dynamodb-tables.ts'
import { aRow, completed, manyRows, NOON, wanting } from './fixtures/rows.ts'

/** The tokens under which transactions reach the server. */
function tokensOf(client: DynamoDBClient): string[] {
  const tokens: string[] = []
  type Next = (args: { readonly request: { readonly body?: unknown } }) => Promise<unknown>
  const middleware = (next: Next) => (args: Parameters<Next>[0]) => {
    const token = /"ClientRequestToken":"([^"]+)"/.exec(String(args.request.body))?.[1]
    if (token !== undefined) tokens.push(token)
    return next(args)
  }
  client.middlewareStack.add(middleware as never, { step: 'finalizeRequest', priority: 'low' })
  return tokens
}

await withServer('dynamodb', ({ url }) => {
  const sound = clientOf(url)

  test('DB-22 a transaction that comes again under another token, as after the first was forgotten, is known by its row', async () => {
    const client = clientOf(url)
    const storage = dynamodb(client, { table: await newTable(sound) })
    const tokens = tokensOf(client)
    aroundRequests(client, async ({ command }, send) => {
      // Its answer is lost, and its token is not the one of the next.
      if (command === 'TransactWriteItemsCommand') await send()
      return send()
    })
    const large = JSON.stringify('x'.repeat(2_000))
    const rows = [
      aRow('a', { key: 'k' }),
      aRow('b', { key: 'large', input: large }),
      aRow('job/1', { parent: 'job', key: 'p' }),
    ]
    expect(await storage.insert(rows)).toEqual(rows.map(() => 'inserted'))
    expect(await storage.get(rows.map(({ id }) => id))).toEqual(rows)
    expect(tokens.length).toBe(2 * rows.length)
    expect(new Set(tokens).size).toBe(tokens.length)
    // What is another's stays so.
    expect(await storage.insert([aRow('c', { key: 'k' }), aRow('a', { key: 'new' })])).toEqual([
      { duplicate: 'a' },
      { duplicate: 'a' },
    ])
  })

  test('DB-25 a lease ends by its own time alone: no row that waits or runs expires, and when an item should is not looked at', async () => {
    const table = await newTable(sound)
    const storage = dynamodb(sound, { table, keepDoneDays: 1 })
    const Key = (id: string) => ({ pk: { S: rowKey(id).pk }, sk: { S: rowKey(id).sk } })
    const expiryOf = async (id: string) =>
      (await sound.send(new GetItemCommand({ TableName: table, Key: Key(id) }))).Item?.expires?.N
    const expire = (id: string, seconds: number) =>
      sound.send(
        new UpdateItemCommand({
          TableName: table,
          Key: Key(id),
          UpdateExpression: 'SET expires = :at',
          ExpressionAttributeValues: { ':at': { N: String(seconds) } },
        }),
      )
    await storage.insert([aRow('long gone'), aRow('for ever')])
    expect([await expiryOf('long gone'), await expiryOf('for ever')]).toEqual([undefined, undefined])
    const claimed = await storage.claim(wanting('resize', 2))
    await storage.extend(claimed, NOON + 60_000)
    expect([await expiryOf('long gone'), await expiryOf('for ever')]).toEqual([undefined, undefined])
    // As if the service were days late with the one, and the other were to stay.
    await expire('long gone', NOON / 1000 - 3 * 86_400)
    await expire('for ever', NOON / 1000 + 3 * 86_400)
    const at = (now: number, holder: string) =>
      storage.claim({ ...wanting('resize', 2, holder), now, until: now + 30_000 })
    expect(await at(NOON + 59_999, 'worker#2')).toEqual([])
    expect((await at(NOON + 60_000, 'worker#3')).map(({ id, tries }) => [id, tries])).toEqual([
      ['for ever', 2],
      ['long gone', 2],
    ])
    expect(await storage.apply(claimed.map((row) => completed(row)))).toEqual(['stale', 'stale'])
  })

  describe('DB-27 one queue that is hotter than a partition can bear', () => {
    /** Counts the writes that the partitions of the index of due rows have to bear. */
    function loadOf(client: DynamoDBClient, shards: number): number[] {
      const load = Array<number>(shards).fill(0)
      aroundRequests(client, async (request, send) => {
        if (request.command === 'UpdateItemCommand') load[shardOf(placeOf(request).slice('r#'.length), shards)]! += 1
        return send()
      })
      return load
    }

    test.each([1, 4, 16])('is borne by %i shards alike, and claims are in order over all of them', async (shards) => {
      const client = clientOf(url)
      const storage = dynamodb(client, { table: await newTable(sound), shards })
      const rows = manyRows(400).map((row, at) => ({ ...row, wakeAt: NOON - 400 + at }))
      for (let at = 0; at < rows.length; at += 100) await storage.insert(rows.slice(at, at + 100))
      const load = loadOf(client, shards)
      const order: string[] = []
      for (let call = 0; order.length < rows.length; call++) {
        const claimed = await storage.claim(wanting('resize', 40, `worker#${call}`))
        expect(claimed.length).toBe(40)
        order.push(...claimed.map(({ id }) => id))
        await storage.apply(claimed.map((row) => completed(row)))
      }
      expect(order).toEqual(rows.map(({ id }) => id))
      const writes = load.reduce((sum, each) => sum + each, 0)
      expect(writes).toBe(2 * rows.length)
      // What a partition bears times so much is what the queue can do.
      const growth = writes / Math.max(...load)
      console.log(`${shards} shards bear ${growth.toFixed(1)} times as much as one`)
      expect(growth).toBeGreaterThan(shards / 1.6)
    })

    test('stays in order by and large among eight claimers at once: what is urgent comes first, and what waited long soon', async () => {
      const table = await newTable(sound)
      const [urgent, claimers, limit] = [400, 8, 5]
      const rows = manyRows(2 * urgent).map((row, at) => ({
        ...row,
        priority: at < urgent ? 0 : 5,
        wakeAt: NOON - 1_000 + at,
      }))
      const maker = dynamodb(sound, { table })
      for (let at = 0; at < rows.length; at += 100) await maker.insert(rows.slice(at, at + 100))
      const rank = new Map(rows.map(({ id }, at) => [id, at]))
      const order: number[] = []
      const claimer = async (n: number) => {
        const own = dynamodb(clientOf(url), { table })
        for (let call = 0; ; call++) {
          const claimed = await own.claim(wanting('resize', limit, `w${n}#${call}`))
          if (claimed.length === 0) return
          order.push(...claimed.map(({ id }) => rank.get(id)!))
        }
      }
      await Promise.all(Array.from({ length: claimers }, (_, n) => claimer(n)))
      const rest = await maker.claim(wanting('resize', rows.length, 'last#1'))
      order.push(...rest.map(({ id }) => rank.get(id)!))
      expect(order.toSorted((one, other) => one - other)).toEqual(rows.map((_, at) => at))

      const first = order.findIndex((each) => each >= urgent)
      const overtaken = order.map((own, at) => order.slice(0, at).filter((other) => other > own).length)
      const average = overtaken.reduce((sum, each) => sum + each, 0) / order.length
      console.log(
        `${urgent - first} urgent rows after the first that is not; overtaken by ${average.toFixed(0)} on average`,
      )
      // A claim goes on to the less urgent when the urgent ones that it saw were taken, in four rounds at the most; and
      // each of the others may be about to answer with some.
      expect(urgent - first).toBeLessThanOrEqual(4 * limit + (claimers - 1) * limit)
      // Within a priority, drawing lots would make it a quarter.
      expect(average).toBeLessThan(urgent / 5)
    })
  })
})
