/** What the Postgres storage does beyond the contract that the conformance suite holds it to. */
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type PgPool, type PostgresStorage, postgres } from '../../adapters/postgres/index.ts'
import type { Row } from '../../src/storage/index.ts'
import { withServer } from '../servers/with-server.ts'
import { dropSchemas, freshStorage, newSchema, pg } from './fixtures/postgres-subject.ts'
import { aRow, completed, manyRows, NOON, wanting } from './fixtures/rows.ts'

await withServer('postgres', ({ url }) => {
  const pool = new pg.Pool({ connectionString: url })
  afterAll(async () => {
    await dropSchemas(pool)
    await pool.end()
  })

  const cleanups: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup()
  })

  function fresh(on: typeof pool | string = pool): PostgresStorage {
    const { storage, cleanup } = freshStorage(on, pool)
    cleanups.push(async () => {
      await storage.close()
      await cleanup()
    })
    return storage
  }

  describe('the pool', () => {
    test('SD-03 that the app passes stays open when the storage is closed, with the listeners that it had', async () => {
      const storage = fresh()
      await storage.insert([aRow('a')])
      expect(pool.listenerCount('error')).toBe(1)
      await storage.close()
      expect(pool.listenerCount('error')).toBe(0)
      expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      await expect(storage.get(['a'])).rejects.toMatchObject({ code: 'closed' })
    })

    test('that is made for a URL is made at the first call, and its connections end with the storage', async () => {
      const name = `app ${newSchema()}`
      const storage = fresh(`${url}?application_name=${encodeURIComponent(name)}`)
      const connections = async () =>
        (await pool.query('select 1 from pg_stat_activity where application_name = $1', [name])).rowCount
      expect(await connections()).toBe(0)
      await storage.insert([aRow('a')])
      expect(await connections()).toBeGreaterThan(0)
      await storage.close()
      await expect.poll(connections).toBe(0)
    })

    test('DB-28 type parsers that the app has set change nothing of what comes back', async () => {
      const wrong = () => 'the parser of the app'
      const types = new pg.TypeOverrides()
      for (const oid of [16, 20, 21, 23, 25, 1700]) types.setTypeParser(oid, wrong)
      const odd = new pg.Pool({ connectionString: url, types })
      try {
        const storage = fresh(odd)
        const row = aRow('a', { rev: Number.MAX_SAFE_INTEGER - 1, tries: 2 ** 40, key: 'k', doneAt: -5 })
        expect(await storage.insert([row, { ...row, id: 'b' }])).toEqual(['inserted', { duplicate: 'a' }])
        expect(await storage.get(['a'])).toEqual([row])
        expect(await storage.claim(wanting('resize', 1))).toMatchObject([{ id: 'a', tries: 2 ** 40 + 1 }])
        expect(await storage.count({ upTo: 5 })).toEqual({ counts: { resize: { running: 1 } }, capped: false })
        await storage.close()
      } finally {
        await odd.end()
      }
    })

    test('DB-09 calls that meet under a stricter isolation of the database are tried again', async () => {
      const strict = new pg.Pool({
        connectionString: url,
        options: '-c default_transaction_isolation=repeatable\\ read',
      })
      try {
        const storage = fresh(strict)
        await storage.insert(manyRows(200))
        const batches = Array.from({ length: 8 }, (_, at) => storage.claim(wanting('resize', 25, `worker#${at}`)))
        const claimed = (await Promise.all(batches)).flat()
        expect(new Set(claimed.map(({ id }) => id)).size).toBe(claimed.length)
        const settled = await Promise.all(claimed.map((row) => storage.apply([completed(row)])))
        expect(settled).toEqual(claimed.map(() => ['applied']))
        await storage.close()
      } finally {
        await strict.end()
      }
    })
  })

  describe('claim', () => {
    test('merges lanes of fifty names in exact order, and keeps each limit', async () => {
      const storage = fresh()
      const rows = manyRows(900).map((row, at) => ({
        ...row,
        name: `name-${at < 300 ? 0 : at % 50}`,
        priority: at % 3,
        wakeAt: NOON - ((at * 7) % 11),
        tries: at % 3,
      }))
      await storage.insert(rows)
      const limits = Array.from({ length: 50 }, (_, at) => [`name-${at}`, 1 + ((at * 13) % 40)] as const)
      const order = (a: Row, b: Row) =>
        a.priority - b.priority || Number(a.wakeAt) - Number(b.wakeAt) || a.tries - b.tries || (a.id < b.id ? -1 : 1)
      for (const limit of [1, 7, 120, 500]) {
        const left = new Map<string, number>(limits)
        const expected = [...rows].sort(order).filter(({ name }) => {
          const most = left.get(name) ?? 0
          left.set(name, most - 1)
          return most > 0
        })
        const wants = limits.map(([name, most]) => ({ name, limit: most }))
        const claimed = await storage.claim({ wants, limit, holder: 'worker#1', now: NOON, until: NOON + 1 })
        expect(claimed.map(({ id }) => id)).toEqual(expected.slice(0, limit).map(({ id }) => id))
        await storage.apply(claimed.map((row) => ({ row, next: null })))
        await storage.insert(rows)
      }
    })

    test('batches are full while others hold locks on the rows in front', async () => {
      const storage = fresh()
      await storage.insert(manyRows(300).map((row, at) => ({ ...row, name: `name-${at % 3}` })))
      const wants = [0, 1, 2].map((at) => ({ name: `name-${at}`, limit: 100 }))
      const ask = (holder: string) => storage.claim({ wants, limit: 90, holder, now: NOON, until: NOON + 1000 })
      const holder = await pool.connect()
      try {
        await holder.query('begin')
        const inside = storage.within(holder)
        const first = await inside.claim({ wants, limit: 90, holder: 'worker#1', now: NOON, until: NOON + 1000 })
        const second = await ask('worker#2')
        expect([first.length, second.length]).toEqual([90, 90])
        expect(new Set([...first, ...second].map(({ id }) => id)).size).toBe(180)
      } finally {
        await holder.query('rollback')
        holder.release()
      }
    })

    test('that finds nothing writes nothing', async () => {
      const storage = fresh()
      await storage.insert(manyRows(10, { wakeAt: NOON + 1 }))
      const client = await pool.connect()
      const written = async () => (await client.query('select pg_current_xact_id_if_assigned() as id')).rows[0].id
      try {
        await client.query('begin')
        expect(await storage.within(client).claim(wanting('resize', 10))).toEqual([])
        expect(await written()).toBe(null)
        await storage.within(client).insert([aRow('a')])
        expect(await written()).not.toBe(null)
      } finally {
        await client.query('rollback')
        client.release()
      }
    })
  })

  describe('find', () => {
    test('a page by names looks at 10,000 rows at most, and `after` leads on to rows that are rare', async () => {
      const storage = fresh()
      const rows = manyRows(25_000).map((row, at) => ({ ...row, state: at % 20_000 === 19_999 ? 'rare' : 'waiting' }))
      for (let at = 0; at < rows.length; at += 1000) await storage.insert(rows.slice(at, at + 1000))
      const pages: number[] = []
      let after: string | null = ''
      while (after !== null) {
        const page = await storage.find({ names: ['resize'], states: ['rare'], after }, 10)
        pages.push(page.rows.length)
        after = page.after
      }
      expect(pages).toEqual([0, 1, 0])
    })
  })

  describe('the arguments', () => {
    test.each([
      [{ schema: '' }, /^Expected `schema` to be a name of 1 to 63 bytes/],
      [{ schema: 'ä'.repeat(32) }, /^Expected `schema`/],
      [{ schema: 'pg_work' }, /^Expected `schema`/],
      [{ callTimeoutMs: 0 }, /^Expected `callTimeoutMs` to be an integer from 1/],
      [
        { listen: 'localhost:secret' },
        /^Expected `listen` to be a boolean or a URL that begins with postgres:\/\/, got/,
      ],
      [{ prefix: 'x' }, /^Expected `options` to hold only schema, migrate, callTimeoutMs, listen, got `prefix`/],
    ])('PL-08 %j is refused', (options, message) => {
      expect(() => postgres(pool, options as object)).toThrow(
        expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(message) }),
      )
    })

    test('what is no pool is refused, and no password is repeated', () => {
      expect(() => postgres({} as PgPool)).toThrow(/^Expected `pool` to be a Pool of `pg` or a URL/)
      expect(() => postgres('mysql://root:secret@db')).toThrow(/^((?!secret).)*$/)
    })
  })
})
