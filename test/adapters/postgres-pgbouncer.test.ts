/** Postgres behind a pooler that hands each transaction another session. */
import { describe, expect, test } from 'vitest'
import { postgres } from '../../adapters/postgres/index.ts'
import { conformance, model, race } from '../../src/conformance/index.ts'
import { startServer } from '../servers/start.ts'
import { withServer } from '../servers/with-server.ts'
import { freshStorage, newSchema, pg } from './fixtures/postgres-subject.ts'
import { aRow, completed, manyRows, wanting } from './fixtures/rows.ts'

const behind = await startServer('postgres')
if ('missing' in behind)
  test('everything behind PgBouncer', ({ skip }) => skip(`no postgres server: ${behind.missing}`))
else await withServer('pgbouncer', ({ url }) => declare(url, behind.url), { BEHIND_PGBOUNCER: behind.url })

function declare(url: string, direct: string): void {
  const asker = new pg.Pool({ connectionString: direct, allowExitOnIdle: true })
  const create = () => freshStorage(url, asker, { listen: false })

  describe('DB-11 in transaction mode', () => {
    conformance({ test, create })
    model({ test, create, histories: 30 })
    race({ test, create, rounds: 40 })

    test('many callers on few sessions make the tables once and claim each row once', async () => {
      const { again, cleanup } = create()
      const storages = Array.from({ length: 6 }, again)
      const inserted = await Promise.all(storages.map((storage, at) => storage.insert([aRow(`first-${at}`)])))
      expect(inserted.flat()).toEqual(Array(6).fill('inserted'))
      await storages[0]?.insert(manyRows(300))
      const claims = storages.flatMap((storage, at) =>
        [1, 2].map((n) => storage.claim(wanting('resize', 20, `w${at}#${n}`))),
      )
      const claimed = (await Promise.all(claims)).flat()
      expect(new Set(claimed.map(({ id }) => id)).size).toBe(240)
      const applied = await Promise.all(claimed.map((row, at) => storages[at % 6]?.apply([completed(row)])))
      expect(applied.flat()).toEqual(Array(240).fill('applied'))
      for (const storage of storages) await storage.close()
      await cleanup()
    })

    test('work is added inside a transaction of the app', async () => {
      const { storage, cleanup } = create()
      await storage.migrate()
      const client = new pg.Client(url)
      await client.connect()
      await client.query('begin')
      await storage.within(client).insert([aRow('a')])
      await client.query('commit')
      await client.end()
      expect(await storage.get(['a'])).toEqual([aRow('a')])
      await storage.close()
      await cleanup()
    })
  })

  test('DB-11 the doctor says that no hint arrives, and that it does where `listen` names the server itself', async () => {
    const schema = newSchema()
    for (const [options, expected] of [
      // It waits for two seconds more than a call may take.
      [
        { listen: true, callTimeoutMs: 3_000 },
        { level: 'warning', message: expect.stringMatching(/no notification arrived.*give `listen` the URL/) },
      ],
      [{ listen: direct }, { level: 'ok' }],
    ] as const) {
      const storage = postgres(url, { schema, ...options })
      expect((await storage.doctor()).find(({ about }) => about === 'hints')).toMatchObject(expected)
      await storage.close()
    }
    await asker.query(`drop schema ${pg.escapeIdentifier(schema)} cascade`)
  })

  test('hints arrive by a connection to the server itself', async () => {
    const { storage, cleanup } = freshStorage(url, asker, { listen: direct })
    let wakes = 0
    const stop = await storage.watch(() => {
      wakes += 1
    })
    await storage.insert([aRow('a', { wakeAt: 1 })])
    await expect.poll(() => wakes).toBe(1)
    await stop()
    await storage.close()
    await cleanup()
  })
}
