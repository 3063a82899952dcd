/** Hints between processes, and what becomes of them when the connection that listens does not last. */
import { describe, expect, test } from 'vitest'
import type { PostgresStorage } from '../../adapters/postgres/index.ts'
import { listenerOf, startWire, throughPort } from '../servers/wire.ts'
import { withServer } from '../servers/with-server.ts'
import { freshSchema } from './fixtures/postgres-schema.ts'
import { pg, refusal, tampered } from './fixtures/postgres-subject.ts'
import { aRow, completed, manyRows } from './fixtures/rows.ts'

/** Due by any clock, and never. */
const DUE = 1
const FUTURE = 8_000_000_000_000

await withServer('postgres', ({ url }) => {
  const place = freshSchema(url)
  const { pool, storageOn, atEnd } = place

  async function watched(storage: PostgresStorage): Promise<() => number> {
    let wakes = 0
    await storage.watch(() => {
      wakes += 1
    })
    return () => wakes
  }

  /** Hears every notification of the schema, as nothing in between gathers them. */
  async function ear(): Promise<() => number> {
    const client = new pg.Client(url)
    await client.connect()
    atEnd(() => client.end())
    let heard = 0
    client.on('notification', () => {
      heard += 1
    })
    await client.query(`listen ${place.quoted}`)
    return () => heard
  }

  const listeners = async () => {
    const text = `select pid from pg_stat_activity where query = $1 and state = 'idle'`
    return (await pool.query(text, [`listen ${place.quoted}`])).rows.map(({ pid }) => pid)
  }

  test('a row that another storage inserts wakes, and so does one that an apply makes due', async () => {
    const wakes = await watched(storageOn())
    const other = storageOn(url)
    await other.insert([aRow('a', { wakeAt: DUE })])
    await expect.poll(wakes).toBe(1)
    await other.insert([aRow('b', { wakeAt: null })])
    await other.apply([completed(aRow('b'), { state: 'waiting', wakeAt: DUE })])
    await expect.poll(wakes).toBe(2)
  })

  test('rows of the future, rows that never wake, duplicates and finished rows wake nobody', async () => {
    const storage = storageOn()
    const heard = await ear()
    await storage.insert([aRow('a', { wakeAt: DUE })])
    await expect.poll(heard).toBe(1)
    await storage.insert([aRow('a', { wakeAt: DUE }), aRow('b', { wakeAt: FUTURE }), aRow('c', { wakeAt: null })])
    await storage.apply([completed(aRow('b')), completed(aRow('x'), { wakeAt: DUE })])
    // The last words of a storage that closes come after all that it had to say.
    await storage.close()
    await pool.query('select pg_notify($1, $2)', [place.schema, 'the end'])
    await expect.poll(heard).toBe(2)
  })

  test('DB-29 a storm of inserts is told of a few times, the last of it too', async () => {
    const storage = storageOn()
    const heard = await ear()
    const begun = Date.now()
    await Promise.all(manyRows(500, { wakeAt: DUE }).map((row) => storage.insert([row])))
    const bursts = (Date.now() - begun) / 50
    await storage.close()
    await pool.query('select pg_notify($1, $2)', [place.schema, 'the end'])
    await expect.poll(heard).toBeGreaterThan(1)
    expect(heard()).toBeLessThan(bursts + 5)
  })

  test('DB-29 a hint that cannot be sent fails no insert', async () => {
    let refused = 0
    const connect = async () =>
      tampered(await pool.connect(), ({ text }, send) => {
        if (!text.includes('pg_notify')) return send()
        refused += 1
        return Promise.reject(refusal('54000', 'too many notifications'))
      })
    const storage = storageOn({ connect, on: () => {}, off: () => {} })
    expect(await storage.insert([aRow('a', { wakeAt: DUE })])).toEqual(['inserted'])
    await expect.poll(() => refused).toBe(1)
  })

  describe('the connection that listens', () => {
    test('is none of the pool, is shared by all watches and ends with the last', async () => {
      const one = new pg.Pool({ connectionString: url, max: 1 })
      atEnd(() => one.end())
      const storage = storageOn(one)
      const stops = await Promise.all([1, 2, 3].map(() => storage.watch(() => {})))
      expect(await listeners()).toHaveLength(1)
      expect(await storage.insert([aRow('a')])).toEqual(['inserted'])
      for (const stop of stops) await stop()
      await expect.poll(listeners).toEqual([])
    })

    test('is made again when the server ends it, and what was missed meanwhile is looked for', async () => {
      const storage = storageOn()
      const wakes = await watched(storage)
      const [pid] = await listeners()
      await pool.query('select pg_terminate_backend($1)', [pid])
      // Being back is a hint itself: nobody listened for a while.
      await expect.poll(wakes).toBe(1)
      await storage.insert([aRow('a', { wakeAt: DUE })])
      await expect.poll(wakes).toBe(2)
    })

    test('DB-06 is made again when it went silent', async () => {
      const wire = await startWire(listenerOf(url))
      const through = new pg.Pool({ connectionString: throughPort(url, wire.port) })
      atEnd(() => through.end())
      atEnd(() => wire.end())
      const wakes = await watched(storageOn(through, { callTimeoutMs: 500 }))
      wire.cut()
      wire.mendForNew()
      await expect.poll(wakes).toBeGreaterThan(0)
    })

    test('may fail at first: the watch begins without it and goes on trying', async () => {
      const wire = await startWire(listenerOf(url))
      atEnd(() => wire.end())
      wire.cut()
      const storage = storageOn(pool, { listen: throughPort(url, wire.port), callTimeoutMs: 500 })
      const wakes = await watched(storage)
      expect(await listeners()).toEqual([])
      wire.mendForNew()
      await expect.poll(wakes).toBeGreaterThan(0)
    })

    test('is not made where `listen` is false', async () => {
      const storage = storageOn(pool, { listen: false })
      const wakes = await watched(storage)
      await storage.insert([aRow('a', { wakeAt: DUE })])
      expect(await listeners()).toEqual([])
      expect(wakes()).toBe(0)
    })
  })
})
