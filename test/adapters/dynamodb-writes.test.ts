import { setTimeout as delay } from 'node:timers/promises'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import { dynamodb } from '../../adapters/dynamodb/index.ts'
import type { Row } from '../../src/storage/index.ts'
import { withServer } from '../servers/with-server.ts'
import { lost, throttling, transactionConflict } from './fixtures/dynamodb-faults.ts'
import { aroundRequests, aroundTries, placeOf } from './fixtures/dynamodb-interrupted.ts'
import { clientOf, newTable } from './fixtures/dynamodb-tables.ts'
import { aRow, completed, manyRows, NOON, wanting } from './fixtures/rows.ts'

await withServer('dynamodb', (server) => {
  const sound = clientOf(server.url)
  const large = JSON.stringify('x'.repeat(2_000))

  async function freshTable(client: DynamoDBClient = sound) {
    const table = await newTable(sound)
    const storage = dynamodb(client, { table })
    // The first call also agrees on the layout of the table, which would stand in the way of counting.
    await storage.claim(wanting('nobody', 1))
    return { table, storage, other: dynamodb(sound, { table }) }
  }

  describe.each([
    ['the SDK repeats', aroundTries],
    ['the adapter repeats', aroundRequests],
  ])('DB-24 DB-22 a write whose answer is lost and that %s', (_, around) => {
    async function losing(calls: (storage: ReturnType<typeof dynamodb>) => Promise<void>) {
      const client = clientOf(server.url)
      const { storage } = await freshTable(client)
      const sent = new Map<string, number>()
      around(client, async (request, send) => {
        if (!/Put|Update|Delete|Transact/.test(request.command)) return send()
        const what = JSON.stringify([request.command, request.input.Key ?? request.input.Item ?? 'transaction'])
        sent.set(what, (sent.get(what) ?? 0) + 1)
        const answer = await send()
        if (sent.get(what) === 1) throw lost()
        return answer
      })
      await calls(storage)
      expect(Math.max(...sent.values())).toBeGreaterThan(1)
    }

    test.each([
      ['plain', {}],
      ['of a key', { key: 'k' }],
      ['with a large input', { input: large }],
      ['with both', { key: 'k', input: large }],
    ])('is known by the insert of a row %s', (_, fields: Partial<Row>) =>
      losing(async (storage) => {
        const row = aRow('a', fields)
        expect(await storage.insert([row])).toEqual(['inserted'])
        expect(await storage.insert([row])).toEqual([{ duplicate: 'a' }])
        expect(await storage.get(['a'])).toEqual([row])
      }),
    )

    test('DB-01 is known by the claim, which counts one try', () =>
      losing(async (storage) => {
        await storage.insert(manyRows(5))
        const claimed = await storage.claim(wanting('resize', 5))
        expect(claimed.map(({ tries, rev }) => [tries, rev])).toEqual(Array(5).fill([1, NOON + 1]))
        expect(await storage.get(claimed.map(({ id }) => id))).toEqual(claimed)
      }))

    test('DB-02 is known by the apply and by the removal', () =>
      losing(async (storage) => {
        await storage.insert([aRow('a', { key: 'k' })])
        const [claimed] = await storage.claim(wanting('resize', 1))
        expect(await storage.extend([claimed!], NOON + 60_000)).toEqual([true])
        const change = completed(claimed!)
        expect(await storage.apply([change])).toEqual(['applied'])
        const [done] = await storage.get(['a'])
        expect(done).toMatchObject({ rev: NOON + 2, state: 'completed', key: null })
        expect(await storage.apply([{ row: done!, next: null }])).toEqual(['applied'])
        expect(await storage.insert([aRow('b', { key: 'k' })])).toEqual(['inserted'])
      }))
  })

  test('an apply whose answer is lost, on a row that another has moved on by then, is unknown and not called stale', async () => {
    const client = clientOf(server.url)
    const { storage, other } = await freshTable(client)
    await storage.insert([aRow('a')])
    const [claimed] = await storage.claim(wanting('resize', 1))
    let isFirst = true
    aroundRequests(client, async ({ command }, send) => {
      const answer = await send()
      if (command !== 'UpdateItemCommand' || !isFirst) return answer
      isFirst = false
      expect((await other.claim(wanting('resize', 1, 'worker#2'))).length).toBe(1)
      throw lost()
    })
    const back = completed(claimed!, { state: 'waiting', wakeAt: NOON, doneAt: null })
    await expect(storage.apply([back])).rejects.toThrow('whether it was done is not known')
    expect(await other.apply([back])).toEqual(['stale'])
  })

  describe('DB-21 a cancelled transaction', () => {
    async function cancelled(times: number, ...codes: string[]) {
      const client = clientOf(server.url)
      const { storage, other } = await freshTable(client)
      let sent = 0
      aroundRequests(client, async ({ command }, send) => {
        if (command === 'TransactWriteItemsCommand' && ++sent <= times) throw transactionConflict(...codes)
        return send()
      })
      return { storage, other, sent: () => sent }
    }

    test.each(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded'])(
      'is tried again when it was for %s',
      async (code) => {
        const { storage, sent } = await cancelled(3, 'None', code)
        expect(await storage.insert([aRow('a', { key: 'k' })])).toEqual(['inserted'])
        expect(sent()).toBe(4)
      },
    )

    test('is not tried again when a condition was false beside a conflict: the one who holds the key is named', async () => {
      const { storage, other, sent } = await cancelled(1, 'ConditionalCheckFailed', 'TransactionConflict')
      await other.insert([aRow('holder', { key: 'k' })])
      expect(await storage.insert([aRow('a', { key: 'k' })])).toEqual([{ duplicate: 'holder' }])
      expect(sent()).toBe(1)
    })
  })

  test('DB-20 keys that a batch leaves unprocessed, in part or all, are asked for until every row is there', async () => {
    const client = clientOf(server.url)
    const { storage } = await freshTable(client)
    const rows = manyRows(100)
    await storage.insert(rows)
    let round = 0
    aroundRequests(client, async ({ command, input }, send) => {
      if (command !== 'BatchGetItemCommand' || ++round > 6) return send()
      const [table, asked] = Object.entries(input.RequestItems as Record<string, { Keys: object[] }>)[0]!
      if (round % 2 === 1) return { output: { Responses: { [table]: [] }, UnprocessedKeys: { [table]: asked } } }
      const half = asked.Keys.splice(Math.floor(asked.Keys.length / 2))
      const answer = (await send()) as { output: { UnprocessedKeys?: object } }
      answer.output.UnprocessedKeys = { [table]: { ...asked, Keys: half } }
      return answer
    })
    expect(await storage.get(rows.map(({ id }) => id))).toEqual(rows)
    expect(round).toBeGreaterThan(6)
  })

  test('DB-20 of a batch of which one write is throttled to the end, the error names the row', async () => {
    const client = clientOf(server.url)
    const table = await newTable(sound)
    const storage = dynamodb(client, { table, timeoutMs: 2_000 })
    aroundRequests(client, async (request, send) => {
      if (placeOf(request) === 'r#b') throw throttling()
      return send()
    })
    const rows = ['a', 'b', 'c'].map((id) => aRow(id))
    await expect(storage.insert(rows)).rejects.toThrow('1 of 3 rows failed (b)')
    expect((await storage.get(['a', 'b', 'c'])).map((row) => row?.id)).toEqual(['a', undefined, 'c'])
  })

  test('a key whose lock was left behind by a crash is taken over by exactly one of 16, and the others name it', async () => {
    const client = clientOf(server.url)
    const { storage, other } = await freshTable(client)
    aroundRequests(client, async (request, send) => {
      if (request.command === 'DeleteItemCommand' && placeOf(request) === 'k#k') throw new Error('killed here')
      return send()
    })
    await storage.insert([aRow('first', { key: 'k', wakeAt: null })])
    expect(await storage.apply([completed(aRow('first', { key: 'k' }))])).toEqual(['applied'])
    expect((await other.find({ key: 'k' }, 1)).rows).toEqual([])
    const racers = Array.from({ length: 16 }, (_, n) => aRow(`next-${n}`, { key: 'k' }))
    const answers = await Promise.all(racers.map(async (row) => (await other.insert([row]))[0]!))
    const winners = racers.filter((_, n) => answers[n] === 'inserted')
    expect(winners.length).toBe(1)
    expect(answers.filter((answer) => answer !== 'inserted')).toEqual(Array(15).fill({ duplicate: winners[0]!.id }))
    expect((await other.find({ key: 'k' }, 1)).rows).toEqual(winners)
  })

  test('letting go of a key late does not free it from its next owner, even one of the same id', async () => {
    const client = clientOf(server.url)
    const { storage, other } = await freshTable(client)
    let proceed = () => {}
    const paused = new Promise<void>((resolve) => {
      proceed = resolve
    })
    let isAtLock = false
    aroundRequests(client, async (request, send) => {
      if (request.command === 'DeleteItemCommand' && placeOf(request) === 'k#k') {
        isAtLock = true
        await paused
      }
      return send()
    })
    const row = aRow('a', { key: 'k', wakeAt: null })
    await storage.insert([row])
    const removal = storage.apply([{ row, next: null }])
    while (!isAtLock) await delay(5)
    // Meanwhile the row is gone, and comes back with its key.
    expect(await other.insert([row])).toEqual(['inserted'])
    proceed()
    expect(await removal).toEqual(['applied'])
    expect(await other.insert([aRow('b', { key: 'k' })])).toEqual([{ duplicate: 'a' }])
  })
})
