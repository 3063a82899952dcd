/** What a table in SQLite has to have before it is worked from: each finding at the start, and what to do about it. */
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { type SqliteTableOptions, sqliteTable } from '../../adapters/sqlite/index.ts'
import { drivers, freshPlace, withCode } from '../adapters/fixtures/sqlite-place.ts'

const five = {
  id: 'id',
  reservationId: 'rid',
  reservationTime: 'rtime',
  reservationTimes: 'times',
  startTime: 'began',
  endTime: 'ended',
} as const
const all = { ...five, success: 'good', error: 'wrong' } as const
const fields = 'rid text, rtime text, times integer, began text, ended text, good integer, wrong text'

const { connected } = freshPlace()

/** Opens a source on the table `t` that `sql` makes. */
function opening(sql: string, options: Partial<SqliteTableOptions> = {}): () => unknown {
  const db = new DatabaseSync(':memory:')
  db.exec(sql)
  const source = sqliteTable(db, { table: 't', ...all, ...options })
  return () => source.open()
}

describe('the check at the start', () => {
  test.each<[string, string, RegExp, Partial<SqliteTableOptions>?]>([
    ['no table', 'create table other (a)', /The table "t" cannot be used:\n- there is no such table/],
    ['a view', `create table o (id integer primary key, ${fields}); create view t as select * from o`, /it is a view/],
    [
      'a virtual table',
      `create virtual table t using fts5(id, rid, rtime, times, began, ended, good, wrong)`,
      /virtual/,
    ],
    [
      'a column that is not there, with the statement that adds it',
      'create table t (id integer primary key, rid text, rtime text, times integer, ended text, good integer, wrong text)',
      /no column "began" for `startTime`: run `alter table "t" add column "began" text`/,
    ],
    ['no key', `create table t (${fields})`, /no column "id" for `id`: its primary key is \(\)/],
    ['another key', `create table t (nr integer primary key, ${fields})`, /its primary key is \("nr"\)/],
    [
      'a composite key',
      `create table t (id text, part integer, ${fields}, primary key (part, id))`,
      /"id" is one column of a composite primary key \("part", "id"\).*run `create unique index "t_id" on "t" \("id"\)`/,
    ],
    ['a key that is none', `create table t (id integer, ${fields})`, /"id" is no key, so several rows/],
    [
      'a key that is unique among some rows only',
      `create table t (id integer, ${fields}); create unique index u on t (id) where ended is null`,
      /"id" is no key/,
    ],
    ['a key without a type', `create table t (id primary key, ${fields})`, /"id" is declared without a type/],
    ['a key of bytes', `create table t (id blob primary key, ${fields})`, /"id" is declared blob/],
    ['a key of fractions', `create table t (id real primary key, ${fields})`, /"id" is declared real/],
    ['a key that may be anything', `create table t (id any primary key, ${fields}) strict`, /"id" is declared any/i],
    [
      'a row without a key',
      `create table t (id text primary key, ${fields}); insert into t (id) values (null)`,
      /some rows have no text and no integer in "id"/,
    ],
    [
      'a row with bytes for a key',
      `create table t (id text primary key, ${fields}); insert into t (id) values ('a'), (x'01')`,
      /some rows have no text and no integer in "id"/,
    ],
    [
      'a column that is computed',
      `create table t (id integer primary key, at text, ${fields.replace('ended text', 'ended text as (at)')})`,
      /"ended" is generated/,
    ],
    [
      'a key that is computed',
      `create table t (nr integer primary key, id integer as (nr) unique, ${fields})`,
      /"id" is generated/,
    ],
    [
      'a column that may not be null',
      `create table t (id integer primary key, ${fields.replace('rid text', `rid text not null`)})`,
      /"rid" is `not null`/,
    ],
    [
      'a column with a default',
      `create table t (id integer primary key, ${fields.replace('ended text', 'ended text default current_timestamp')})`,
      /"ended" has the default CURRENT_TIMESTAMP/i,
    ],
    ...(
      [
        ['rid text', 'rid integer', /"rid" is declared integer, and is to hold a text/],
        ['rid text', 'rid varchar(20)', /"rid" is declared varchar\(20\), too short for a uuid/],
        ['rtime text', 'rtime real', /"rtime" is declared real, and is to hold an instant/],
        ['began text', 'began blob', /"began" is declared blob/],
        ['times integer', 'times text', /"times" is declared text, and is to hold an integer/],
        ['good integer', 'good text', /"good" is declared text, and is to hold 1 or 0/],
        ['wrong text', 'wrong integer', /"wrong" is declared integer, and is to hold a text/],
      ] as const
    ).map(([from, to, message]): [string, string, RegExp] => [
      `a column that is ${to}`,
      `create table t (id integer primary key, ${fields.replace(from, to)})`,
      message,
    ]),
    [
      'two names for one column',
      `create table t (id integer primary key, ${fields})`,
      /`startTime` and `reservationTime` name one column, "RTIME"/,
      { startTime: 'RTIME' },
    ],
    [
      'a condition on a column that is not there',
      `create table t (id integer primary key, ${fields})`,
      /its `where` cannot be asked: no such column: country/,
      { where: { sql: 'country = ?', values: ['GR'] } },
    ],
    [
      'a condition with too few values',
      `create table t (id integer primary key, ${fields})`,
      /its `where`/,
      { where: { sql: 'id > ? and id < ?', values: [1] } },
    ],
    [
      'a condition with too many values',
      `create table t (id integer primary key, ${fields})`,
      /its `where`/,
      { where: { sql: 'id > ?', values: [1, 2] } },
    ],
  ])('RS-03 refuses %s', (_, sql, message, options = {}) => {
    expect(opening(sql, options)).toThrow(expect.objectContaining({ name: 'StorageError', code: 'not_usable' }))
    // SQLite gives the types that it knows in capitals.
    expect(opening(sql, options)).toThrow(new RegExp(message, 'i'))
  })

  test('tells all findings at once', () => {
    const open = opening('create table t (id integer, part integer, rid integer, times text, primary key (id, part))')
    expect(open).toThrow(
      /composite.*\n- "rid" is declared integer.*\n.*"rtime".*\n- "times" is.*\n.*"began".*\n.*"ended".*\n.*\n.*\nAll that/i,
    )
  })

  test.each([
    [
      'another name for a type',
      'rid nvarchar(64), rtime datetime, times int default 0 not null, began timestamp, ended date, good boolean, wrong string',
    ],
    ['no types at all', 'rid, rtime, times, began, ended, good, wrong'],
    ['names in another case', 'RID text, RTIME text, TIMES integer, BEGAN text, ENDED text, GOOD integer, WRONG text'],
  ])('P2 takes %s', (_, columns) => {
    expect(opening(`create table t (ID uuid primary key, ${columns})`)()).toEqual({ tokens: 'text', batchMax: 1000 })
  })

  test.each(['uniqueidentifier', 'uuid', 'char(36)'])('asks for uuids where the column is %s', (type) => {
    const columns = fields.replace('rid text', `rid ${type}`)
    expect(opening(`create table t (id integer primary key, ${columns})`)()).toMatchObject({ tokens: 'uuid' })
  })

  test.each(drivers)('a fresh table fits once its statements are run as they stand (%s)', (_, connect) => {
    const db = connected(connect)
    for (const table of ['we"ird table', 'select', 'été', `o'brien; --`]) {
      db.exec(`create table "${table.replaceAll('"', '""')}" ("the ""key""" text primary key) strict`)
      for (const set of ['a', 'b "2"']) {
        const named = Object.entries(all).map(([option, name]) => [option, `${set} ${name}`])
        const options = { ...Object.fromEntries(named), table, id: 'the "key"' } as unknown as SqliteTableOptions
        const source = sqliteTable(db, options)
        for (const statement of source.statements()) db.exec(statement)
        expect(source.open()).toEqual({ tokens: 'text', batchMax: 1000 })
      }
    }
  })

  test('without the two optional columns there is none to be added', () => {
    const source = sqliteTable(new DatabaseSync(':memory:'), { table: 't', ...five })
    expect(source.statements()).toEqual([
      'alter table "t" add column "rid" text',
      'alter table "t" add column "rtime" text',
      'alter table "t" add column "times" integer',
      'alter table "t" add column "began" text',
      'alter table "t" add column "ended" text',
      'create index "t_rid_free" on "t" (coalesce("times", 0), "id") where "rid" is null and "ended" is null',
      'create index "t_rid_held" on "t" ("began", "rtime", "id") where "rid" is not null and "ended" is null',
    ])
  })
})

describe('an option that cannot be', () => {
  test.each<[unknown, unknown, RegExp]>([
    ['', {}, /Expected `database` to be a path or a database/],
    [undefined, {}, /Expected `database` to be a path, a DatabaseSync/],
    [{ prepare: 1 }, {}, /Expected `database` to be a path, a DatabaseSync/],
    ['a.db', { table: '' }, /Expected `table` to be the name of a table/],
    ['a.db', { id: ['a', 'b'] }, /Expected `id` .*composite/],
    ['a.db', { where: 'a = 1' }, /Expected `where` to be an object such as/],
    ['a.db', { where: { sql: ' ' } }, /Expected `where.sql` to be a condition/],
    ['a.db', { where: { sql: 'a = ?', values: 1 } }, /Expected `where.values` to be an array/],
    ['a.db', { where: { sql: 'a = ?', values: [undefined] } }, /Expected `where.values` to be texts, numbers/],
    ['a.db', { synchronous: 'off' }, /Expected `synchronous`/],
    ['a.db', { tablePrefix: 'x' }, /hold only .*, got `tablePrefix`/],
  ])('is refused before anything is opened: %o %o', (database, options, message) => {
    const make = () => sqliteTable(database as string, { table: 't', ...five, ...(options as object) })
    expect(make).toThrow(TypeError)
    expect(make).toThrow(message)
  })

  test('a path without a file is refused, and makes none', () => {
    const source = sqliteTable('/nowhere/app.db', { table: 't', ...five })
    expect(() => source.open()).toThrow(withCode('not_usable', /There is no file \/nowhere\/app.db/))
  })
})
