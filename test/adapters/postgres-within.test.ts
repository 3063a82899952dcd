/** Work that is added inside the app's own transaction. */
import type { PoolClient } from 'pg'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type PgClient, type PostgresStorage, postgres } from '../../adapters/postgres/index.ts'
import { withServer } from '../servers/with-server.ts'
import { dropSchemas, freshStorage, newSchema, pg } from './fixtures/postgres-subject.ts'
import { aRow, completed, manyRows, wanting } from './fixtures/rows.ts'

await withServer('postgres', ({ url }) => {
  const pool = new pg.Pool({ connectionString: url })
  afterAll(async () => {
    await dropSchemas(pool)
    await pool.end()
  })

  let storage: PostgresStorage
  let cleanup: () => Promise<void>
  let client: PoolClient

  beforeEach(async () => {
    const made = freshStorage(pool, pool)
    storage = made.storage
    cleanup = made.cleanup
    await storage.migrate()
    client = await pool.connect()
  })
  afterEach(async () => {
    await client.query('rollback')
    client.release()
    await storage.close()
    await cleanup()
  })

  /** As an older `pg` and other clients are: they cannot tell whether a transaction is open. */
  function silent(): PgClient {
    return { query: (query) => client.query(query), on: () => {}, off: () => {} }
  }

  test('CR-06 what is written through it comes with the commit, and others are woken then and not before', async () => {
    let wakes = 0
    const stop = await storage.watch(() => {
      wakes += 1
    })
    await client.query('begin')
    expect(await storage.within(client).insert([aRow('a', { wakeAt: 1 })])).toEqual(['inserted'])
    expect(await storage.get(['a'])).toEqual([undefined])
    expect(wakes).toBe(0)
    await client.query('commit')
    expect(await storage.get(['a'])).toEqual([aRow('a', { wakeAt: 1 })])
    await expect.poll(() => wakes).toBe(1)
    await stop()
  })

  test('CR-06 what is written through it goes with the rollback, and nobody is woken for it', async () => {
    const heard: string[] = []
    const stop = await storage.watch(() => heard.push('woken'))
    await client.query('begin')
    await storage.within(client).insert([aRow('a', { wakeAt: 1 })])
    await client.query('rollback')
    expect(await storage.get(['a'])).toEqual([undefined])
    // Notifications arrive in the order of their commits, so this one shows that there was none before it.
    await storage.insert([aRow('b', { wakeAt: 1 })])
    await expect.poll(() => heard).toEqual(['woken'])
    await stop()
  })

  test('every verb works inside, and a duplicate leaves the transaction as it was', async () => {
    await client.query('begin')
    const inside = storage.within(client)
    await inside.insert(manyRows(60))
    expect(await inside.insert([aRow('task-00000003')])).toEqual([{ duplicate: 'task-00000003' }])
    const claimed = await inside.claim(wanting('resize', 50))
    expect(await inside.extend(claimed, 7)).toEqual(claimed.map(() => true))
    expect(await inside.apply(claimed.map((row) => completed(row)))).toEqual(claimed.map(() => 'applied'))
    expect((await inside.find({ names: ['resize'] }, 100)).rows).toHaveLength(60)
    await client.query('commit')
    expect((await storage.count({ upTo: 100 })).counts).toEqual({ resize: { completed: 50, waiting: 10 } })
  })

  test('a client without a transaction is refused at once, where it can tell, and else by the first call', async () => {
    const refused = new TypeError('Expected `client` to have a transaction open, got one that has none')
    await client.query('select 1')
    expect(() => storage.within(client)).toThrow(refused)
    await expect(storage.within(silent()).insert([aRow('a')])).rejects.toThrow(refused)
    await client.query('begin')
    expect(await storage.within(silent()).insert([aRow('a')])).toEqual(['inserted'])
    const inside = storage.within(client)
    await client.query('commit')
    await expect(inside.insert([aRow('b')])).rejects.toThrow(refused)
    expect(await storage.get(['a', 'b'])).toEqual([aRow('a'), undefined])
  })

  test('a pool is refused, since each of its queries may run on another connection', () => {
    expect(() => storage.within(pool as unknown as PgClient)).toThrow(/to be one connection, got a pool/)
  })

  test('without the tables it refuses and leaves the transaction to the app', async () => {
    const other = postgres(pool, { schema: newSchema() })
    await client.query('begin')
    const refused = {
      code: 'not_usable',
      message: expect.stringMatching(/has no tables yet: run `await storage.migrate\(\)`/),
    }
    await expect(other.within(client).insert([aRow('a')])).rejects.toMatchObject(refused)
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await other.close()
  })

  describe('a failed transaction', () => {
    test('is told as it is, and nothing is tried again', async () => {
      await client.query('begin')
      const inside = storage.within(client)
      await expect(client.query('select 1/0')).rejects.toThrow()
      await expect(inside.insert([aRow('a')])).rejects.toThrow(/current transaction is aborted/)
      await client.query('rollback')
      expect(await storage.get(['a'])).toEqual([undefined])
    })
  })
})
