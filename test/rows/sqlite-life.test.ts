/** A table in SQLite from its opening to its close: beside the app's own writes and transactions, and by dispatchers. */
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  type BetterDatabase,
  type NodeDatabase,
  type SqliteDatabase,
  sqliteTable,
} from '../../adapters/sqlite/index.ts'
import { piecework, rowDispatcher } from '../../src/index.ts'
import { Better, drivers, freshPlace, withCode } from '../adapters/fixtures/sqlite-place.ts'
import { columnsOfShops } from './source-cases.ts'

const place = freshPlace()
const options = { table: 'shop', ...columnsOfShops }
const quiet = { info() {}, warn() {}, error() {} }

/** A connection of the app's to a file with a table of so many rows. */
function shops(rows: number, connect = drivers[0]![1]): SqliteDatabase {
  const db = place.connected(connect)
  db.exec('create table shop (id integer primary key, name text)')
  for (const statement of sqliteTable(db, options).statements()) db.exec(statement)
  db.exec(`insert into shop (id, name)
    with recursive each (n) as (select 1 union all select n + 1 from each where n <= ${rows})
    select n, 'shop ' || n from each where n <= ${rows}`)
  return db
}

const all = (db: SqliteDatabase, sql: string) => db.prepare(sql).all() as Record<string, unknown>[]

describe.each(drivers)("beside the app's own connection of %s", (_, connect) => {
  test('an idle dispatcher does not ask for the write lock', async () => {
    const db = shops(1, connect)
    const source = sqliteTable(db, options)
    source.open()
    const token = 'w#1'
    expect(await source.reserve({ tokens: [token], maxTries: 5 })).toHaveLength(1)
    const writer = connect(place.file)
    place.atEnd(() => writer.close())
    writer.exec('begin immediate')
    db.exec('pragma busy_timeout = 0')
    expect(await source.reserve({ tokens: ['w#2'], maxTries: 5 })).toEqual([])
    expect(await source.reserve({ tokens: ['w#2'], ids: ['1', '2'], maxTries: 5 })).toEqual([])
    expect(await source.lapsed({ startWithinMs: 60_000, maxDurationMs: 60_000, limit: 9 })).toEqual([])
    expect(await source.look(['1'])).toMatchObject([{ token }])
    const start = () => source.write([{ id: '1', token, on: 'active', move: 'start', maxTries: 5 }])
    expect(start).toThrow(withCode('busy'))
    writer.exec('rollback')
    expect(start()).toEqual([true])
  })

  test("inside the app's own transaction nothing is reserved or written, and nothing of it is lost", async () => {
    const db = shops(2, connect)
    const source = sqliteTable(db, options)
    source.open()
    db.exec('begin')
    db.exec(`update shop set name = 'mine' where id = 1`)
    expect(() => source.reserve({ tokens: ['w#1'], maxTries: 5 })).toThrow(withCode('busy', /waits for its end/))
    expect(() => source.write([{ id: '1', token: 'w#1', on: 'active', move: 'start', maxTries: 5 }])).toThrow(
      withCode('busy'),
    )
    expect(await source.held({ limit: 5 })).toEqual([])
    db.exec('commit')
    expect(await source.reserve({ tokens: ['w#1'], maxTries: 5 })).toMatchObject([{ row: { name: 'mine' } }])
    db.exec('begin')
    expect(() => sqliteTable(db, options).open()).toThrow(withCode('busy', /pass it to `sqliteTable` outside/))
    db.exec('rollback')
  })

  test('a write is whole or not at all, and what the database refuses is told', async () => {
    const db = shops(3, connect)
    db.exec(`create trigger no_end before update of end_time on shop when new.id = 2 and new.end_time is not null begin
      select raise(abort, 'not this one'); end`)
    const source = sqliteTable(db, options)
    source.open()
    const rows = await source.reserve({ tokens: ['w#1', 'w#2', 'w#3'], maxTries: 5 })
    const changes = (on: 'active' | 'started', move: 'start' | 'complete') =>
      rows.map(({ id, token }) => ({ id, token: String(token), on, move, maxTries: 5 }))
    expect(await source.write(changes('active', 'start'))).toEqual([true, true, true])
    expect(() => source.write(changes('started', 'complete'))).toThrow('not this one')
    expect((await source.look(['1', '2', '3'])).map((seen) => seen?.standing)).toEqual([
      'started',
      'started',
      'started',
    ])
  })

  test("a trigger of the user's own may write, and its writes are not counted as ours", async () => {
    const db = shops(3, connect)
    db.exec(`create table log (id); create trigger noted after update on shop begin
      insert into log values (new.id); update shop set name = name || '!' where id = new.id; end`)
    const source = sqliteTable(db, options)
    source.open()
    expect(await source.reserve({ tokens: ['w#1', 'w#2'], maxTries: 5 })).toHaveLength(2)
    expect(all(db, 'select count(*) as n from log')).toMatchObject([{ n: 2 }])
  })

  test('close leaves the database of the app open, and open begins anew', async () => {
    const db = shops(1, connect)
    const source = sqliteTable(db, options)
    expect(() => source.now()).toThrow(withCode('closed', /open\(\)/))
    source.open()
    source.close?.()
    source.close?.()
    expect(() => source.reserve({ tokens: ['w#1'], maxTries: 5 })).toThrow(withCode('closed'))
    source.open()
    expect(source.client()).toBe(db)
    expect(await source.reserve({ tokens: ['w#1'], maxTries: 5 })).toHaveLength(1)
    expect(all(db, 'select count(*) as n from shop')).toMatchObject([{ n: 1 }])
    const gone = connect(place.file)
    const lost = sqliteTable(gone, options)
    lost.open()
    gone.close()
    expect(() => lost.look(['1'])).toThrow(withCode('closed'))
  })
})

test.each<[string, (file: string) => SqliteDatabase]>([
  ['node:sqlite', (file) => new DatabaseSync(file, { readOnly: true })],
  ['better-sqlite3', (file) => new Better(file, { readonly: true })],
])(
  'a database of %s that cannot be written is refused at the start, one that somebody writes to is not',
  (name, connect) => {
    const db = shops(1, drivers.find(([each]) => each === name)![1])
    const reader = connect(place.file)
    expect(() => sqliteTable(reader, options).open()).toThrow(withCode('not_usable', /cannot be written/))
    reader.close()
    db.exec('begin immediate')
    const other = drivers.find(([each]) => each === name)![1](place.file)
    sqliteTable(other, options).open()
    expect(Object.values(all(other, 'pragma busy_timeout')[0]!)).toEqual([5000])
    other.close()
    db.exec('rollback')
  },
)

describe('a path', () => {
  test('is opened when it is needed, closed at the end, and gets no table of the library', async () => {
    const db = shops(1)
    const source = sqliteTable(place.file, options)
    source.open()
    expect(await source.reserve({ tokens: ['w#1'], maxTries: 5 })).toHaveLength(1)
    const client = source.client()
    expectTypeOf(client).toEqualTypeOf<NodeDatabase>()
    expect(all(client, 'select name from shop')).toMatchObject([{ name: 'shop 1' }])
    source.close?.()
    expect(() => client.exec('select 1')).toThrow(/not open/)
    source.open()
    expect(await source.look(['1'])).toMatchObject([{ standing: 'active' }])
    source.close?.()
    const names = all(db, `select name from sqlite_master where type = 'table'`).map(({ name }) => name)
    expect(names).toEqual(['shop'])
  })

  test('of a file that is not there makes none; one that cannot serve is closed again', () => {
    expect(() => sqliteTable(place.file, options).open()).toThrow(withCode('not_usable', /There is no file/))
    expect(existsSync(place.file)).toBe(false)
    const db = new DatabaseSync(place.file)
    db.exec('create table shop (id integer primary key)')
    expect(() => sqliteTable(place.file, options).open()).toThrow(withCode('not_usable', /add column "reservation_id"/))
    // A refused file is as it was: it was not switched to another journal.
    expect(all(db, 'pragma journal_mode')).toMatchObject([{ journal_mode: 'delete' }])
    db.close()
  })
})

test('the client that the functions are given is of the kind that was passed', () => {
  const [better, node] = [new Better(place.file), new DatabaseSync(place.file)]
  expectTypeOf(sqliteTable(better, options).client).returns.toEqualTypeOf<BetterDatabase>()
  expectTypeOf(sqliteTable(node, options).client).returns.toEqualTypeOf<DatabaseSync>()
  expectTypeOf(sqliteTable<{ id: number }>(place.file, options).client).returns.toEqualTypeOf<NodeDatabase>()
  better.close()
  node.close()
})

test('P2 two dispatchers work on one table by columns of their own', async () => {
  const db = shops(5)
  const other = Object.fromEntries(Object.entries(columnsOfShops).map(([option, name]) => [option, `mail "${name}"`]))
  const mailing = { ...options, ...other, id: 'id' } as typeof options
  for (const statement of sqliteTable(db, mailing).statements()) db.exec(statement)
  const done: string[] = []
  const definitions = [options, mailing].map((set, index) =>
    rowDispatcher(`set-${index}`, {
      source: sqliteTable<{ id: number }>(db, set),
      maxTries: 1,
      run: ({ row }) => {
        done.push(`${index} ${row.id}`)
        if (index === 1 && row.id === 3) throw new Error('no such mailbox')
      },
    }),
  )
  const work = piecework({ definitions, logger: quiet })
  expect(await work.drain()).toBe(10)
  expect(new Set(done).size).toBe(10)
  expect(await definitions[0]!.report()).toMatchObject({ total: 5, completed: 5 })
  expect(await definitions[1]!.report()).toMatchObject({ total: 5, completed: 4, failed: 1 })
  expect(
    all(db, `select success, "mail ""success""" as mailed, "mail ""error""" as error from shop where id = 3`),
  ).toMatchObject([{ success: 1, mailed: 0, error: 'Error: no such mailbox' }])
  await work.close()
})

test('RS-02 a row that the user removes while it runs is told as gone, and is not made again', async () => {
  const db = shops(3)
  const scrape = rowDispatcher('scrape', {
    source: sqliteTable<{ id: number }>(db, options),
    run: ({ id }) => {
      if (id === '2') db.exec('delete from shop where id = 2')
    },
  })
  const work = piecework({ definitions: [scrape], logger: quiet })
  const told: string[] = []
  work.on('gone', ({ id }) => told.push(`gone ${id}`))
  work.on('completed', ({ id }) => told.push(`completed ${id}`))
  await work.drain()
  expect(told.sort()).toEqual(['completed 1', 'completed 3', 'gone 2'])
  expect(all(db, 'select id from shop order by id').map(({ id }) => id)).toEqual([1, 3])
  await expect(scrape.explain(2)).rejects.toThrow('There is no row 2 in the table "shop"')
  await work.close()
})

test('P4 a table without the two optional columns has its failures counted', async () => {
  const db = place.connected(drivers[0]![1])
  db.exec('create table shop (id text primary key); insert into shop values (1)')
  const { success, error, ...five } = options
  const source = sqliteTable(db, five)
  for (const statement of source.statements()) db.exec(statement)
  let runs = 0
  const scrape = rowDispatcher('scrape', {
    source,
    maxTries: 3,
    run: () => {
      runs++
      throw new Error(`${success} and ${error} are no columns`)
    },
  })
  const work = piecework({ definitions: [scrape], logger: quiet })
  await work.drain()
  expect(runs).toBe(3)
  expect(await scrape.report()).toMatchObject({ total: 1, failed: 1 })
  expect(all(db, 'select * from shop')).toMatchObject([{ reservation_id: null, reservation_times: 3 }])
  await work.close()
})
