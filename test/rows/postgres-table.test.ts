/** A table of the app's own in Postgres: the cases of every source, and what only such a table can have. */
import { Pool } from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { type PostgresTableOptions, postgresTable } from '../../adapters/postgres/index.ts'
import { piecework, rowDispatcher } from '../../src/index.ts'
import { withServer } from '../servers/with-server.ts'
import { ownSchema } from './postgres-schema.ts'
import { columnsOfShops, type Shop, type ShopRow, sourceCases } from './source-cases.ts'

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
const tokens = (count: number) => Array.from({ length: count }, (_, index) => `w#${index + 1}`)

await withServer('postgres', async (server) => {
  const schema = await ownSchema(server.url)
  const pool = new Pool({ connectionString: schema.url, max: 8 })
  pool.on('error', () => {})
  afterAll(async () => {
    await pool.end()
    await schema.drop()
  })
  let made = 0

  /** A fresh table; `{}` in the columns stands for nothing of the library's. */
  async function create(columns: string, name = `shop ${++made}`): Promise<string> {
    await pool.query(`create table ${quoted(name)} (${columns})`)
    return name
  }

  async function prepared(columns: string, more: Partial<PostgresTableOptions> = {}, over = pool) {
    const table = await create(columns)
    const source = postgresTable(over, { ...columnsOfShops, ...more, table })
    for (const statement of source.statements()) await pool.query(statement)
    return { table, source, query: (text: string) => pool.query(text.replaceAll('TABLE', quoted(table))) }
  }

  describe.each([
    { kind: 'the columns of statements()', columns: undefined },
    {
      kind: 'times without a zone, and a short column of errors',
      columns: `reservation_id varchar(64), reservation_time timestamp, reservation_times bigint not null default 0,
        start_time timestamp, end_time timestamp, success boolean, error varchar(40)`,
    },
    {
      kind: 'times as epoch milliseconds, under domains',
      columns: `reservation_id token, reservation_time epoch, reservation_times smallint, start_time epoch,
        end_time epoch, success boolean, error text`,
    },
  ])('with $kind', ({ columns }) => {
    sourceCases({
      async table(shops: readonly Shop[], key) {
        await pool.query(`do $$ begin create domain epoch bigint check (value > 0); create domain token varchar(80);
          exception when duplicate_object then null; end $$`)
        const own = `id ${key} primary key, name text, price integer`
        const { table, query } = columns
          ? { table: await create(`${own}, ${columns}`), query: undefined }
          : await prepared(own)
        const all = (text: string) => (query ?? ((each) => pool.query(each.replaceAll('TABLE', quoted(table)))))(text)
        await pool.query(
          `insert into ${quoted(table)} (id, name, price) select * from json_to_recordset($1) as s(id ${key}, name text, price integer)`,
          [JSON.stringify(shops)],
        )
        const set = (column: string) => async (id: unknown, value: number) =>
          void (await pool.query(`update ${quoted(table)} set ${column} = $2 where id = $1`, [id, value]))
        return {
          source: ({ whereDearerThan: least } = {}) =>
            postgresTable<ShopRow>(pool, {
              ...columnsOfShops,
              table,
              ...(least !== undefined && { where: { sql: 'price > $1 -- so many', values: [least] } }),
            }),
          rows: async () => {
            const { rows } = await all('select * from TABLE order by id')
            const nothing = { reservation_times: null }
            // What may not be null is 0 where nothing was counted, and pg gives a bigint as text.
            return rows.map((row) =>
              Number(row.reservation_times) === 0
                ? { ...row, ...nothing }
                : { ...row, reservation_times: Number(row.reservation_times) },
            )
          },
          setTries: set('reservation_times'),
          setPrice: set('price'),
          remove: async (id) => void (await pool.query(`delete from ${quoted(table)} where id = $1`, [id])),
        }
      },
    })
  })

  test('P8 a uuid is a key, in whatever spelling the app has it, and rows are told by the one that Postgres writes', async () => {
    const { source, query } = await prepared('id uuid primary key, url text')
    const id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'
    await query(`insert into TABLE values ('${id}', '/a')`)
    await source.open()
    expect(source.idOf(`{${id.toUpperCase().replaceAll('-', '')}}`)).toBe(id)
    expect(() => source.idOf('a0eebc99')).toThrow('to be a key of type uuid, got `a0eebc99` (string)')
    const seen: string[] = []
    const scrape = rowDispatcher('scrape', {
      source,
      selecting: () => [id.toUpperCase()],
      run: ({ id, row }) => void seen.push(`${id} ${row.id} ${row.url}`),
    })
    const work = piecework({ definitions: [scrape] })
    await work.drain()
    expect(seen).toEqual([`${id} ${id} /a`])
    expect(await scrape.explain(id.toUpperCase())).toMatch(`Row ${id} (scrape) ended well`)
    await work.close()
  })

  test.each([
    { type: 'smallint', ids: ['-32768', '32767'], none: '32768' },
    { type: 'integer', ids: ['-2147483648', '2147483647'], none: '2147483648' },
    { type: 'bigint', ids: ['-9223372036854775808', '9223372036854775807'], none: '9223372036854775808' },
  ])(
    'RS-03 a key of type $type has its whole range, and no number beyond it fails a call',
    async ({ type, ids, none }) => {
      const { source, query } = await prepared(`id ${type} generated always as identity primary key`)
      for (const id of ids) await query(`insert into TABLE (id) overriding system value values (${id})`)
      await source.open()
      expect((await source.reserve({ tokens: tokens(3), maxTries: 5 })).map(({ id }) => id)).toEqual(ids)
      expect(await source.look([none, 'x', '1.5', ids[0]!])).toMatchObject([
        undefined,
        undefined,
        undefined,
        { id: ids[0] },
      ])
      const change = { id: none, token: 'w#1', on: 'active', move: 'start', maxTries: 5 } as const
      expect(await source.write([change])).toEqual([false])
      expect(await source.reserve({ tokens: tokens(1), ids: [none], maxTries: 5 })).toEqual([])
      expect(source.idOf(BigInt(ids[1]!))).toBe(ids[1])
      expect(source.idOf('007')).toBe('7')
      expect(() => source.idOf(none)).toThrow(TypeError)
    },
  )

  test.each([
    ['uuid', 'reservation_id uuid'],
    ['varchar(36)', 'reservation_id varchar(36)'],
  ])('a reservation id of type %s is a uuid, and tells its worker', async (_, column) => {
    const { table, query } = await prepared('id integer primary key')
    await query(`alter table TABLE drop column reservation_id, add column ${column}`)
    await query('insert into TABLE (id) select generate_series(1, 3)')
    const source = postgresTable(pool, { ...columnsOfShops, table })
    expect(await source.open()).toEqual({ tokens: 'uuid', batchMax: 1000 })
    const scrape = rowDispatcher('scrape', { source, run: () => {} })
    const work = piecework({ definitions: [scrape] })
    expect(await work.drain()).toBe(3)
    const { workers } = await scrape.report()
    expect(Object.values(workers)).toEqual([{ reserved: 0, running: 0, completed: 3 }])
    expect(Object.keys(workers)[0]).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}$/)
    const token = 'a0eebc99-9c0b-8ef8-ab6d-6bb9bd380a11'
    expect(await source.write([{ id: '1', token: 'none', on: 'ended', move: 'relaunch', maxTries: 5 }])).toEqual([
      false,
    ])
    await query(`update TABLE set reservation_id = '${token}' where id = 1`)
    expect(await source.write([{ id: '1', token, on: 'ended', move: 'relaunch', maxTries: 5 }])).toEqual([true])
    await work.close()
  })

  test('P4 without the optional columns, and with a success that is a number', async () => {
    const { success, error, ...needed } = columnsOfShops
    const table = await create('id integer primary key, success smallint')
    const bare = postgresTable(pool, { ...needed, table })
    for (const statement of bare.statements()) await pool.query(statement)
    await pool.query(`insert into ${quoted(table)} (id) values (1), (2)`)
    for (const source of [bare, postgresTable(pool, { ...needed, success, table })]) {
      const scrape = rowDispatcher('scrape', {
        source,
        maxTries: 1,
        queueSize: 1,
        selecting: () => (source === bare ? [1] : [2]),
        run: () => Promise.reject(new Error('no such page')),
      })
      const work = piecework({ definitions: [scrape] })
      expect(await work.drain()).toBe(1)
      await work.close()
    }
    const { rows } = await pool.query(`select id, success, reservation_times from ${quoted(table)} order by id`)
    expect(rows).toEqual([
      { id: 1, success: null, reservation_times: 1 },
      { id: 2, success: 0, reservation_times: 1 },
    ])
  })

  test('an error is cut to what its column holds, by characters, and none of what it holds fails the write', async () => {
    const { table, query } = await prepared('id integer primary key')
    await query('alter table TABLE alter column error type varchar(5)')
    await query('insert into TABLE (id) values (1)')
    const source = postgresTable(pool, { ...columnsOfShops, table })
    await source.reserve({ tokens: ['w#1'], maxTries: 5 })
    const change = { id: '1', token: 'w#1', maxTries: 5 } as const
    await source.write([{ ...change, on: 'active', move: 'start' }])
    const error = '\0💥\ud800💥💥💥💥'
    expect(await source.write([{ ...change, on: 'started', move: 'fail', error }])).toEqual([true])
    const { rows } = await query('select error from TABLE')
    expect(rows).toEqual([{ error: '\ufffd💥\ufffd💥💥' }])
  })
})
