/** Instants in a table of SQLite, the values of its other columns, and those that a condition is given. */
import { beforeEach, describe, expect, test } from 'vitest'
import { sqliteTable } from '../../adapters/sqlite/index.ts'
import { drivers } from '../adapters/fixtures/sqlite-place.ts'
import { freshShop, type MadeShop, newTokens, shopOptions, started } from './sqlite-shop.ts'

const shopOf = freshShop()

describe('an instant', () => {
  const hour = 3_600_000

  test.each([
    ['text', 'text'],
    ['datetime', 'text'],
    ['timestamp', 'text'],
    ['integer', 'integer'],
    ['bigint', 'integer'],
  ])('P17 in a column that is %s is a %s by the clock of the database', async (type, kept) => {
    const shop = shopOf(
      `create table shop (id integer primary key, start_time ${type}); insert into shop (id) values (1)`,
    )
    await started(shop)
    const [row] = shop.ask(
      "select typeof(start_time) as type, start_time as at, unixepoch('subsec') * 1000 as now from shop",
    ) as [{ type: string; at: string | number; now: number }]
    expect(row.type).toBe(kept)
    if (kept === 'text') expect(row.at).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/)
    const [seen] = await shop.source.look(['1'])
    expect(seen?.startedAt).toBe(kept === 'text' ? Date.parse(`${row.at}Z`) : row.at)
    expect(Math.abs(row.now - (seen?.startedAt ?? 0))).toBeLessThan(5_000)
    expect(await shop.source.lapsed({ startWithinMs: 0, maxDurationMs: hour, limit: 9 })).toEqual([])
    expect(await shop.source.lapsed({ startWithinMs: hour, maxDurationMs: 0, limit: 9 })).toHaveLength(1)
  })

  test('P14 that the user wrote without milliseconds is compared as if it had none', async () => {
    const shop = shopOf('create table shop (id integer primary key); insert into shop (id) values (1), (2), (3), (4)')
    await started(shop)
    shop.db.exec(`update shop set start_time = datetime('now', (id * -10) || ' seconds')`)
    const lapsed = await shop.source.lapsed({ startWithinMs: hour, maxDurationMs: 25_000, limit: 9 })
    expect(lapsed.map(({ id }) => id)).toEqual(['4', '3'])
    shop.db.exec('update shop set start_time = CURRENT_TIMESTAMP')
    expect(await shop.source.lapsed({ startWithinMs: hour, maxDurationMs: 5_000, limit: 9 })).toEqual([])
    expect(await shop.source.lapsed({ startWithinMs: hour, maxDurationMs: 0, limit: 9 })).toHaveLength(4)
  })

  test('P14 the longest over its time comes first, a reservation without a time before all', async () => {
    const shop = shopOf('create table shop (id integer primary key); insert into shop (id) values (1), (2), (3)')
    await shop.source.reserve({ tokens: newTokens(3), maxTries: 5 })
    shop.db.exec(`update shop set start_time = datetime('now', '-40 seconds') where id = 1;
      update shop set reservation_time = datetime('now', '-50 seconds') where id = 2;
      update shop set reservation_time = null where id = 3`)
    const ids = async (startWithinMs: number, maxDurationMs: number, limit = 9) =>
      (await shop.source.lapsed({ startWithinMs, maxDurationMs, limit })).map(({ id }) => id)
    expect(await ids(30_000, 30_000)).toEqual(['3', '2', '1'])
    expect(await ids(45_000, 30_000)).toEqual(['3', '1', '2'])
    expect(await ids(30_000, 30_000, 2)).toEqual(['3', '2'])
  })
})

describe.each(drivers)("the user's own row, by %s", (_, connect) => {
  let shop: MadeShop
  beforeEach(() => {
    shop = shopOf(
      `create table shop (id integer primary key, big integer, small integer, part real, bytes blob, none text, "it's" text);
       insert into shop values (1, 9007199254740993, 5, 0.5, x'00ff', null, 'é💥')`,
      {},
      connect,
    )
  })
  const read = async () => (await shop.source.reserve({ tokens: newTokens(1), maxTries: 5 }))[0]?.row

  test('has an integer that no number holds as a bigint, and bytes as bytes', async () => {
    const row = await read()
    expect(row).toMatchObject({ id: 1, big: 9007199254740993n, small: 5, part: 0.5, none: null, "it's": 'é💥' })
    expect([...(row as { bytes: Uint8Array }).bytes]).toEqual([0, 255])
    expect(Object.keys(row ?? {}).slice(0, 7)).toEqual(['id', 'big', 'small', 'part', 'bytes', 'none', "it's"])
  })

  test('has the columns that are there when it is read, though they change meanwhile', async () => {
    await read()
    shop.db.exec(`alter table shop drop column big; alter table shop add column more text default 'new'`)
    shop.db.exec(`insert into shop (id, small) values (2, 6)`)
    const row = await read()
    expect(row).toMatchObject({ id: 2, small: 6, more: 'new' })
    expect(row).not.toHaveProperty('big')
  })

  test('a condition is given its values, whatever they are, and stands by itself', async () => {
    shop.db.exec(
      `insert into shop (id, big, bytes, "it's") values (2, 9007199254740994, x'00ff', 'é'), (3, 1, x'01', 'é')`,
    )
    const where = (sql: string, values: (string | number | bigint | boolean | Uint8Array | null)[]) =>
      sqliteTable(shop.db, { ...shopOptions, where: { sql, values } })
    for (const [sql, values, total] of [
      ['big = ?', [9007199254740993n], 1],
      ['bytes = ? and "it\'s" = ?', [Uint8Array.of(0, 255), 'é'], 1],
      ['id = ? or id = ? -- or all', [1, 3], 2],
      ['small is ?', [null], 2],
      ['(id > 1) = ?', [true], 2],
    ] as const) {
      const source = where(sql, [...values])
      source.open()
      expect(`${sql}: ${(await source.count(5)).total}`).toBe(`${sql}: ${total}`)
    }
    const source = where('id = ? or id = ?', [1, 3])
    source.open()
    shop.db.exec('update shop set reservation_times = 5 where id = 1')
    expect((await source.reserve({ tokens: newTokens(9), maxTries: 5 })).map(({ id }) => id)).toEqual(['3'])
    expect(await source.reserve({ tokens: newTokens(9), ids: ['1', '2', '3'], maxTries: 5 })).toEqual([])
  })
})
