/** A table in Postgres among what else the app does: its parsers, its time zone, its transactions, its pool. */
import { Pool, type PoolConfig } from 'pg'
import { afterAll, expect, test } from 'vitest'
import { type PostgresTableOptions, postgresTable } from '../../adapters/postgres/index.ts'
import { piecework, rowDispatcher } from '../../src/index.ts'
import { withServer } from '../servers/with-server.ts'
import { ownSchema } from './postgres-schema.ts'
import { columnsOfShops } from './source-cases.ts'

const change = { id: '1', token: 'w#1', maxTries: 5 } as const

await withServer('postgres', async (server) => {
  const schema = await ownSchema(server.url)
  const pools: Pool[] = []
  const poolOf = (config: PoolConfig = {}) => {
    const pool = new Pool({ connectionString: schema.url, max: 8, ...config })
    pool.on('error', () => {})
    pools.push(pool)
    return pool
  }
  const pool = poolOf()
  afterAll(async () => {
    await Promise.all(pools.map((each) => each.end()))
    await schema.drop()
  })

  async function shops(count: number, options: Partial<PostgresTableOptions> = {}, columns = '') {
    await pool.query('drop table if exists shop cascade')
    await pool.query(`create table shop (id integer primary key, country text${columns})`)
    const source = postgresTable(pool, { ...columnsOfShops, table: 'shop', ...options })
    for (const statement of source.statements()) await pool.query(statement)
    await pool.query(`insert into shop (id, country) select v, 'GR' from generate_series(1, $1) v`, [count])
    return source
  }

  test("P25 a row comes as the app's own pool would give it, and the library's marks as they are", async () => {
    await shops(
      1,
      {},
      ', "__proto__" text, at timestamptz, big bigint, data jsonb, raw bytea, coalesce text, list integer[]',
    )
    await pool.query(`update shop set "__proto__" = 'x', at = '2020-01-01 00:00:00Z', big = 9007199254740993,
      data = '{"a": [1, null]}', raw = '\\x00ff', coalesce = 'y', list = '{1,2}'`)
    const mad = {
      getTypeParser: (type: number) => (text: string) => `${type}: ${text}`,
    } as unknown as PoolConfig['types']
    for (const over of [pool, poolOf({ types: mad })]) {
      const source = postgresTable(over, { ...columnsOfShops, table: 'shop' })
      const [reserved] = await source.reserve({ tokens: ['w#1'], maxTries: 5 })
      const { rows } = await over.query('select * from shop')
      expect(reserved?.row).toEqual(rows[0])
      expect(Object.keys(reserved?.row ?? {})).toEqual(Object.keys(rows[0]))
      expect(reserved).toMatchObject({
        id: '1',
        token: 'w#1',
        tries: 0,
        standing: 'active',
        reservedAt: expect.any(Number),
      })
      expect(Math.abs(Number(reserved?.reservedAt) - (await source.now()))).toBeLessThan(60_000)
      expect((await source.held({ limit: 1 }))[0]).toEqual(reserved)
      expect(await source.count(5)).toMatchObject({ total: 1, reserved: 1, workers: { w: { reserved: 1 } } })
      expect(await source.write([{ ...change, on: 'active', move: 'give_back' }])).toEqual([true])
    }
  })

  test.each(['timestamp', 'timestamptz', 'bigint'])('B26 a time as %s is the same in every time zone', async (type) => {
    await shops(1)
    for (const column of ['reservation_time', 'start_time', 'end_time']) {
      await pool.query(`alter table shop alter column ${column} type ${type} using null`)
    }
    const far = poolOf({
      connectionString: schema.url.replace('options=', 'options=-c+TimeZone%3DPacific%2FAuckland+'),
    })
    expect((await far.query('show TimeZone')).rows[0]).toEqual({ TimeZone: 'Pacific/Auckland' })
    const [here, there] = [pool, far].map((each) => postgresTable(each, { ...columnsOfShops, table: 'shop' }))
    const before = await here!.now()
    await there!.reserve({ tokens: ['w#1'], maxTries: 5 })
    await here!.write([{ ...change, on: 'active', move: 'start' }])
    const after = await here!.now()
    for (const source of [here!, there!]) {
      const [seen] = await source.look(['1'])
      for (const at of [seen?.reservedAt, seen?.startedAt]) {
        expect(at).toBeGreaterThanOrEqual(before - 1)
        expect(at).toBeLessThanOrEqual(after + 1)
      }
      const limits = { startWithinMs: 1, limit: 1 }
      expect(await source.lapsed({ ...limits, maxDurationMs: 60_000 })).toEqual([])
      await expect.poll(() => source.lapsed({ ...limits, maxDurationMs: 1 })).toHaveLength(1)
    }
  })

  test('P2 two dispatchers with columns of their own work on one table', async () => {
    const scrape = await shops(40)
    const own = Object.entries(columnsOfShops).map(([name, column]) => [name, name === 'id' ? 'id' : `check_${column}`])
    const check = postgresTable(pool, { ...columnsOfShops, ...Object.fromEntries(own), table: 'shop' })
    for (const statement of check.statements()) await pool.query(statement)
    const run = ({ row }: { readonly row: Record<string, unknown> }) => {
      if (Number(row.id) % 2 === 0) throw new Error('even')
    }
    const definitions = [
      rowDispatcher('scrape', { source: scrape, run: () => {} }),
      rowDispatcher('check', { source: check, maxTries: 2, run }),
    ]
    const work = piecework({ definitions })
    // A row that the other one writes to at that instant is passed over, and a drain may end without it.
    let ended = 0
    await expect.poll(async () => (ended += await work.drain())).toBe(40 + 20 + 40)
    const [one, two] = await Promise.all(definitions.map((each) => each.report()))
    expect(one).toMatchObject({ total: 40, completed: 40 })
    expect(two).toMatchObject({ total: 40, completed: 20, failed: 20 })
    await work.close()
  })

  test('B22 a row that the app has locked is passed over, and one that others only refer to is not', async () => {
    const source = await shops(4)
    await pool.query('create table price (shop integer references shop)')
    const client = await pool.connect()
    await client.query('begin')
    await client.query('update shop set country = $1 where id = 1', ['DE'])
    await client.query('insert into price values (2), (4)')
    expect((await source.reserve({ tokens: ['w#1'], ids: ['1', '2'], maxTries: 5 })).map(({ id }) => id)).toEqual(['2'])
    const due = await source.reserve({ tokens: ['w#2', 'w#3', 'w#4'], maxTries: 5 })
    expect(due.map(({ id }) => id)).toEqual(['3', '4'])
    await client.query('commit')
    client.release()
    const [first] = await source.reserve({ tokens: ['w#5'], maxTries: 5 })
    expect(first?.row).toMatchObject({ id: 1, country: 'DE' })
  })

  test('RS-01 of what the app chose the condition, the tries and the order count', async () => {
    const source = await shops(6, { where: { sql: `country = any($1) -- it's`, values: [['GR', 'FR']] } })
    await pool.query(`update shop set country = 'DE' where id = 2; update shop set reservation_times = 5 where id = 4`)
    const tokens = ['w#1', 'w#2', 'w#3']
    const chosen = await source.reserve({ tokens, ids: ['6', '4', '2', '5', '1', '3'], maxTries: 5 })
    expect(chosen.map(({ id, token }) => `${id} ${token}`)).toEqual(['6 w#1', '5 w#2', '1 w#3'])
  })

  test('a deadlock with the app is tried again inside', async () => {
    const source = await shops(2)
    for (const id of ['1', '2']) await source.reserve({ tokens: [`w#${id}`], ids: [id], maxTries: 5 })
    const client = await pool.connect()
    const patient = `set local deadlock_timeout = '60s'`
    await client.query(`begin; ${patient}; update shop set country = 'DE' where id = 2`)
    const writing = source.write([
      { ...change, on: 'active', move: 'start' },
      { ...change, id: '2', token: 'w#2', on: 'active', move: 'start' },
    ])
    const waiting = `select from pg_stat_activity where wait_event_type = 'Lock' and query like 'update%"$row"%'`
    await expect.poll(async () => (await pool.query(waiting)).rowCount).toBe(1)
    await client.query(`update shop set country = 'FR' where id = 1`)
    await client.query('commit')
    client.release()
    expect(await writing).toEqual([true, true])
    const { rows } = await pool.query('select country, reservation_times from shop order by id')
    expect(rows).toEqual(['FR', 'DE'].map((country) => ({ country, reservation_times: 1 })))
  })

  test('a partitioned table serves as any other', async () => {
    await pool.query(`drop table if exists shop cascade;
      create table shop (id integer primary key, country text) partition by hash (id);
      create table shop_0 partition of shop for values with (modulus 2, remainder 0);
      create table shop_1 partition of shop for values with (modulus 2, remainder 1)`)
    const source = postgresTable(pool, { ...columnsOfShops, table: 'shop' })
    for (const statement of source.statements()) await pool.query(statement)
    await pool.query('insert into shop select generate_series(1, 50)')
    const work = piecework({ definitions: [rowDispatcher('scrape', { source, run: () => {} })] })
    expect(await work.drain()).toBe(50)
    await work.close()
  })

  test("given a URL it makes a pool, gives it to the app's functions, and ends it; the app's pool stays open", async () => {
    const source = await shops(3)
    await source.close?.()
    expect(await source.count(5)).toMatchObject({ total: 3 })
    expect(source.client()).toBe(pool)
    await source.close?.()
    const url = postgresTable(schema.url, { ...columnsOfShops, table: 'shop' })
    expect(() => url.client()).toThrow('is made by open()')
    const scrape = rowDispatcher('scrape', {
      source: url,
      selecting: async ({ client }) =>
        (await client.query('select id from shop where id = $1', [2])).rows.map((row) => Number(row.id)),
      run: () => {},
    })
    const work = piecework({ definitions: [scrape] })
    expect(await work.drain()).toBe(1)
    await work.close()
    await expect(async () => url.count(5)).rejects.toMatchObject({ name: 'StorageError', code: 'closed' })
    await expect(async () => url.now()).rejects.toMatchObject({ code: 'closed' })
  })

  test('what options cannot be', () => {
    const open = (options: object) => () => postgresTable(pool, { ...columnsOfShops, table: 'shop', ...options })
    expect(open({ table: '' })).toThrow('Expected `table` to be the name of a table, got `` (string)')
    expect(open({ schema: 5 })).toThrow('Expected `schema` to be the name of a schema, got `5` (number)')
    expect(open({ id: ['a', 'b'] })).toThrow('a composite key is not supported')
    expect(open({ where: 'country' })).toThrow('Expected `where` to be such as { sql:')
    expect(open({ where: { sql: ' ' } })).toThrow('Expected `where.sql` to be a condition in SQL')
    expect(open({ where: { sql: 'x', values: 'y' } })).toThrow('Expected `where.values` to be an array')
    expect(open({ where: { sql: 'x', params: [] } })).toThrow('Expected `where` to hold only sql, values, got `params`')
    expect(open({ callTimeoutMs: 0 })).toThrow('Expected `callTimeoutMs` to be an integer from 1')
    expect(open({ primaryKey: 'id' })).toThrow('to hold only id, reservationId')
    expect(() => postgresTable('mysql://x', { ...columnsOfShops, table: 'shop' })).toThrow('begins with postgres://')
  })
})
