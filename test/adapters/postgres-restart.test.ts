/** A server that is killed and comes back, under a storage that was not told. */
import { afterAll, expect, test } from 'vitest'
import { postgres } from '../../adapters/postgres/index.ts'
import { withServer } from '../servers/with-server.ts'
import { pg } from './fixtures/postgres-subject.ts'
import { aRow, completed, manyRows, wanting } from './fixtures/rows.ts'

await withServer('postgres', (server) => {
  const pool = new pg.Pool({ connectionString: server.url })
  afterAll(() => pool.end())

  test('DB-04 a server that is killed and restarted has every acknowledged write, and work goes on', async ({
    skip,
  }) => {
    skip(!server.own, 'the server is not ours to change')
    const storage = postgres(pool, { callTimeoutMs: 2000 })
    let wakes = 0
    const stop = await storage.watch(() => {
      wakes += 1
    })
    await storage.insert(manyRows(100))
    const claimed = await storage.claim(wanting('resize', 50))
    const acknowledged: string[] = []
    const settling = Promise.allSettled(
      claimed.map(async (row, at) => {
        if (at === 10) await server.kill()
        if ((await storage.apply([completed(row)]))[0] === 'applied') acknowledged.push(row.id)
      }),
    )
    await settling
    // No connection was to be had, so nothing was done; the server is known, so this will pass.
    await expect.poll(() => storage.get(['a']).catch(({ code }) => code)).toBe('busy')
    await server.restart()
    await expect.poll(() => storage.insert([aRow('a')]).catch(String), { timeout: 5000 }).toMatchObject(['inserted'])
    const rows = await storage.get(acknowledged)
    expect(rows.every((row) => row?.state === 'completed')).toBe(true)
    // Those that were not acknowledged: saying it again is told that it stands, or does it now.
    expect(await storage.apply(claimed.map((row) => completed(row)))).toEqual(claimed.map(() => 'applied'))
    await expect.poll(() => wakes, { timeout: 10_000 }).toBeGreaterThan(0)
    await stop()
    await storage.close()
  })
})
