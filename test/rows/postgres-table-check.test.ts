/** What is looked at before a table in Postgres is worked on: what each finding says, and that doing it is enough. */
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PostgresTableOptions, postgresTable } from '../../adapters/postgres/index.ts'
import type { StorageError } from '../../src/storage/index.ts'
import { withServer } from '../servers/with-server.ts'
import { ownSchema } from './postgres-schema.ts'
import { columnsOfShops } from './source-cases.ts'

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
const five = `reservation_id text, reservation_time timestamptz, reservation_times integer, start_time timestamptz,
  end_time timestamptz, success boolean, error text`

await withServer('postgres', async (server) => {
  const own = await ownSchema(server.url)
  const pool = new Pool({ connectionString: own.url, max: 4 })
  pool.on('error', () => {})
  const odd = `my "own" schema ${own.name}`
  const role = `worker_${own.name}`
  afterAll(async () => {
    await pool.query(`drop schema if exists ${quoted(odd)} cascade; drop owned by ${role}; drop role ${role}`)
    await pool.end()
    await own.drop()
  })
  const open = async (options: Partial<PostgresTableOptions> = {}) =>
    postgresTable(pool, { ...columnsOfShops, table: 'shop', ...options }).open()

  /** The findings, without the title above them. */
  async function found(options: Partial<PostgresTableOptions> = {}): Promise<string[]> {
    const error = await open(options).then(
      () => expect.fail('the table was taken'),
      (refused: unknown) => refused,
    )
    expect(error).toMatchObject({ name: 'StorageError', code: 'not_usable' })
    const [title, ...lines] = (error as StorageError).message.split('\n')
    const name = options.schema === undefined ? '"shop"' : `${quoted(options.schema)}."shop"`
    expect(title).toBe(`The table ${name} cannot be used:`)
    return lines.filter((line) => line.startsWith('- ')).map((line) => line.slice(2))
  }

  async function create(columns: string): Promise<void> {
    await pool.query('drop table if exists shop cascade')
    await pool.query(`create table shop (${columns})`)
  }

  test('RS-03 statements() run as they stand on a fresh table, and then it is taken, whatever its names are', async () => {
    await pool.query(`create schema ${quoted(odd)}`)
    const name = `${quoted(odd)}."we""ird table"`
    const strange = (name: string) => `${name} "of" 'mine' $1; --`
    const names = Object.fromEntries(Object.entries(columnsOfShops).map(([name, column]) => [name, strange(column)]))
    const options = { ...columnsOfShops, ...names, schema: odd, table: 'we"ird table' }
    await pool.query(`create table ${name} (${quoted(options.id)} text primary key)`)
    const source = postgresTable(pool, options)
    expect(source.title).toBe(`the table ${name}`)
    await expect(source.open()).rejects.toThrow('There is no column "reservation_id ""of"" \'mine\' $1; --"')
    for (const statement of source.statements()) await pool.query(statement)
    expect(await source.open()).toEqual({ tokens: 'text', batchMax: 1000 })
    await pool.query(`insert into ${name} values ('it''s "x"')`)
    const [row] = await source.reserve({ tokens: ['w#1'], maxTries: 5 })
    expect(row).toMatchObject({ id: 'it\'s "x"', token: 'w#1', row: { [strange('id')]: 'it\'s "x"' } })
    expect(await source.lapsed({ startWithinMs: 0, maxDurationMs: 0, limit: 1 })).toHaveLength(1)
    expect(await source.count(5)).toMatchObject({ total: 1, reserved: 1 })
    // Too long for names of indexes: the server finds some.
    await pool.query(`create table ${quoted('x'.repeat(60))} (id integer primary key)`)
    const long = postgresTable(pool, { ...columnsOfShops, table: 'x'.repeat(60) })
    for (const statement of long.statements()) await pool.query(statement)
    await long.open()
  })

  test('what is missing is named with the statement that adds it, and running those is enough', async () => {
    await create('id integer primary key, reservation_id text, error text')
    const findings = await found()
    expect(findings).toEqual([
      'There is no column "reservation_time", which `reservationTime` names: alter table "shop" add column "reservation_time" timestamptz',
      'There is no column "reservation_times", which `reservationTimes` names: alter table "shop" add column "reservation_times" integer',
      'There is no column "start_time", which `startTime` names: alter table "shop" add column "start_time" timestamptz',
      'There is no column "end_time", which `endTime` names: alter table "shop" add column "end_time" timestamptz',
      'There is no column "success", which `success` names: alter table "shop" add column "success" boolean',
    ])
    for (const finding of findings) await pool.query(finding.slice(finding.indexOf('alter table')))
    await open()
    expect(await found({ id: 'ID' })).toEqual(['There is no column "ID", which `id` names.'])
  })

  test('no table, and what is no table', async () => {
    await create(`id integer primary key, ${five}`)
    expect(await found({ schema: 'elsewhere' })).toEqual(['There is no such table.'])
    await pool.query('alter table shop rename to shops')
    expect(await found()).toEqual(['There is no such table in a schema of the search path.'])
    const instead = 'name the table itself, and say by `where` which rows are meant.'
    await pool.query('create view shop as select * from shops')
    expect(await found()).toEqual([`It is a view: ${instead}`])
    await pool.query('drop view shop; create materialized view shop as select * from shops')
    expect(await found()).toEqual([`It is a materialized view: ${instead}`])
    await pool.query('drop materialized view shop; drop table shops')
  })

  describe('a key', () => {
    const unique = 'to name one column that tells rows apart: alter table "shop" add unique ("id")'

    test.each([
      {
        what: 'RS-03 of two columns',
        columns: `country text, id integer, ${five}, primary key (country, id)`,
        says: [`"id" is a part of the primary key ("country", "id") and not unique by itself. \`id\` has ${unique}`],
      },
      {
        what: 'that nothing makes unique',
        columns: `id integer not null, ${five}`,
        says: [`"id" is not unique. \`id\` has ${unique}`],
      },
      {
        what: 'that may be null',
        columns: `id integer unique, ${five}`,
        says: ['"id" may be null: alter table "shop" alter column "id" set not null'],
      },
      {
        what: 'of a type whose text has many spellings',
        columns: `id numeric primary key, ${five}`,
        says: ['"id" is numeric, and a key has to be uuid, smallint, integer, bigint, text or varchar.'],
      },
    ])('$what is refused', async ({ columns, says }) => {
      await create(columns)
      const findings = await found()
      expect(findings.map((each, index) => each.slice(0, says[index]?.length))).toEqual(says)
    })

    test.each([
      ['an index with a condition', 'create unique index on shop (id) where id > 0'],
      ['an index with two columns', 'create unique index on shop (id, error)'],
      ['an index of an expression', 'create unique index on shop ((id + 1))'],
    ])('%s does not make it unique', async (_, index) => {
      await create(`id integer not null, ${five}`)
      await pool.query(index)
      expect((await found())[0]).toMatch(/^"id" is not unique/)
      await pool.query('create unique index on shop (id) include (error)')
      await open()
    })

    test('RS-03 one composite key does not matter where another column is unique', async () => {
      await create(`country text, nr integer, id uuid not null unique, ${five}, primary key (country, nr)`)
      await open()
    })
  })

  test.each([
    ['reservation_id', 'integer', '"reservation_id" is integer, and `reservationId` has to be text, varchar or uuid.'],
    [
      'reservation_id',
      'varchar(20)',
      '"reservation_id" is character varying(20), too short for a reservation id: alter table "shop" alter column "reservation_id" type varchar(64)',
    ],
    [
      'reservation_time',
      'date',
      '"reservation_time" is date, and `reservationTime` has to be timestamptz, timestamp (then in UTC) or bigint (then epoch milliseconds).',
    ],
    [
      'start_time',
      'integer',
      '"start_time" is integer, and `startTime` has to be timestamptz, timestamp (then in UTC) or bigint (then epoch milliseconds).',
    ],
    [
      'reservation_times',
      'text',
      '"reservation_times" is text, and `reservationTimes` has to be integer, bigint or smallint.',
    ],
    ['success', 'text', '"success" is text, and `success` has to be boolean, smallint or integer.'],
    ['error', 'jsonb', '"error" is jsonb, and `error` has to be text or varchar.'],
    [
      'reservation_id',
      "text not null default ''",
      '"reservation_id" has to be null in a row that nobody holds: alter table "shop" alter column "reservation_id" drop not null',
    ],
    [
      'end_time',
      'timestamptz generated always as (null::timestamptz) stored',
      '"end_time" is generated by the database, and `endTime` has to be written.',
    ],
  ])('a column %s that is %s is refused', async (column, type, says) => {
    await create(`id integer primary key, ${five.replace(new RegExp(`\\b${column} \\w+`), `${column} ${type}`)}`)
    expect(await found()).toEqual([says])
  })

  test('all findings come at once', async () => {
    await create(`id json, ${five.replace('success boolean', 'success text').replace('start_time', 'started')}`)
    expect(await found()).toHaveLength(5)
  })

  test('a condition that the table cannot answer', async () => {
    await create(`id integer primary key, country text, ${five}`)
    expect(await found({ where: { sql: 'contry = $1', values: ['GR'] } })).toEqual([
      '`where` is no condition on its rows: column "contry" does not exist',
    ])
    expect((await found({ where: { sql: 'country = $1' } }))[0]).toMatch('`where` is no condition on its rows')
    expect((await found({ where: { sql: 'id = $1', values: ['x'] } }))[0]).toMatch(
      'invalid input syntax for type integer',
    )
    await open({ where: { sql: 'country = $1 or (id = any($2))', values: ['GR', [1, 2]] } })
  })

  describe('a role of few rights', () => {
    beforeAll(() => pool.query(`create role ${role} login; grant usage on schema ${own.name} to ${role}`))

    test('is told which are missing; those on the named columns are enough', async () => {
      await create(`id integer primary key, country text, ${five}`)
      await pool.query('insert into shop (id) values (1)')
      const url = new URL(own.url)
      url.username = role
      const source = postgresTable(url.href, { ...columnsOfShops, table: 'shop' })
      const columns = Object.values(columnsOfShops).slice(1).map(quoted).join(', ')
      await expect(source.open()).rejects.toThrow(`- This role may not read it: grant select on "shop" to the role.
- This role may not write all of its columns: grant update (${columns}) on "shop" to the role.`)
      await pool.query(`grant select on shop to ${role}; grant update (${columns}) on shop to ${role}`)
      expect(await source.reserve({ tokens: ['w#1'], maxTries: 5 })).toHaveLength(1)
      await source.close?.()
    })
  })
})
