/** What needs a replica set: the app's transactions and change streams; and what a standalone server says to that. */
import type { MongoClient } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { mongo } from '../../adapters/mongo/index.ts'
import { withServer } from '../servers/with-server.ts'
import { freshDatabases } from './fixtures/mongo-client.ts'
import { aRow, completed, manyRows, wanting } from './fixtures/rows.ts'

const hello = async (client: MongoClient) =>
  (await client.db('admin').command({ hello: 1 })).setName as string | undefined

await withServer('mongo', (server) => {
  const { client, newDb } = freshDatabases(server.url)

  test('within refuses what is no session, and a session without a transaction', async () => {
    const storage = mongo(newDb())
    expect(() => storage.within({} as never)).toThrow('Expected `session` to be a ClientSession')
    const session = client.startSession()
    expect(() => storage.within(session)).toThrow(
      'Expected `session` to have a transaction open, got one that has none',
    )
    await session.endSession()
  })

  test('on a standalone server a transaction is refused in words, and a watch gives no hint and no error', async ({
    skip,
  }) => {
    if (await hello(client)) skip('the server is a replica set')
    const db = newDb()
    const storage = mongo(db)
    const session = client.startSession()
    session.startTransaction()
    await expect(storage.within(session).insert([aRow('a')])).rejects.toMatchObject({
      code: 'not_usable',
      message: /^Transactions need a replica set, and this MongoDB server is standalone/,
    })
    await session.abortTransaction().catch(() => {})
    await session.endSession()
    const stop = await storage.watch(() => expect.unreachable())
    await storage.insert([aRow('b')])
    await stop()
  })

  describe('on a replica set', () => {
    function onReplicaSet(name: string, run: () => Promise<void>): void {
      test(name, async ({ skip }) => {
        if (await hello(client)) return run()
        const reason = 'the server is standalone: name a replica set by MONGODB_URL'
        console.warn(`skipped: ${name} (${reason})`)
        skip(reason)
      })
    }

    onReplicaSet("CR-06 what is written within the app's transaction is committed or rolled back with it", async () => {
      const db = newDb()
      const storage = mongo(db)
      const orders = db.collection('orders')
      await orders.insertOne({ total: 1 })
      const run = (isGood: boolean) =>
        client.withSession((session) =>
          session.withTransaction(async () => {
            await orders.insertOne({ total: 2 }, { session })
            await storage.within(session).insert([aRow(`order-${isGood}`)])
            if (!isGood) throw new Error('no stock')
          }),
        )
      await run(true)
      await expect(run(false)).rejects.toThrow('no stock')
      expect((await storage.get(['order-true', 'order-false'])).map((row) => row?.id)).toEqual([
        'order-true',
        undefined,
      ])
    })

    onReplicaSet('a duplicate within a transaction is named and does not end it', async () => {
      const db = newDb()
      const storage = mongo(db)
      await storage.insert([aRow('a', { key: 'k' })])
      const results = await client.withSession((session) =>
        session.withTransaction(() =>
          Promise.resolve(storage.within(session).insert([aRow('a'), aRow('b', { key: 'k' }), aRow('c'), aRow('c')])),
        ),
      )
      expect(results).toEqual([{ duplicate: 'a' }, { duplicate: 'a' }, 'inserted', { duplicate: 'c' }])
      expect((await storage.get(['c']))[0]).toEqual(aRow('c'))
    })

    onReplicaSet('every verb works within a transaction', async () => {
      const db = newDb()
      const storage = mongo(db)
      await storage.insert(manyRows(3))
      await client.withSession((session) =>
        session.withTransaction(async () => {
          const inside = storage.within(session)
          const [row] = await inside.claim(wanting('resize', 1))
          expect(await inside.extend([row!], row!.wakeAt! + 1)).toEqual([true])
          expect(await inside.apply([completed(row!)])).toEqual(['applied'])
          expect((await inside.find({ names: ['resize'], states: ['completed'] }, 10)).rows).toHaveLength(1)
        }),
      )
      expect(await storage.count({ upTo: 10 })).toMatchObject({ counts: { resize: { waiting: 2, completed: 1 } } })
    })

    onReplicaSet('a watch tells of rows that another process adds', async () => {
      const db = newDb()
      const storage = mongo(db)
      let wakes = 0
      const stop = await storage.watch(() => {
        wakes += 1
      })
      await expect
        .poll(
          async () => {
            await mongo(db).insert([aRow(`a-${Math.random()}`)])
            return wakes
          },
          { timeout: 10_000 },
        )
        .toBeGreaterThan(0)
      await stop()
      await storage.close()
    })
  })
})
