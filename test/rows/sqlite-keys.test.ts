/** Keys of a table in SQLite: whatever is declared, an id is read as text, exact, and found by the index of the key. */
import { describe, expect, test } from 'vitest'
import { drivers } from '../adapters/fixtures/sqlite-place.ts'
import { freshShop, started } from './sqlite-shop.ts'

const shopOf = freshShop()

describe.each(drivers)('a key, by %s', (_, connect) => {
  test('RS-03 of integers is exact where no number is', async () => {
    const big = [
      '9007199254740991',
      '9007199254740992',
      '9007199254740993',
      '9223372036854775807',
      '-9223372036854775808',
    ]
    const shop = shopOf(
      `create table shop (id integer primary key); insert into shop values ${big.map((id) => `(${id})`)}`,
      {},
      connect,
    )
    expect(new Set(await started(shop, ['9007199254740993']))).toEqual(new Set(['9007199254740993']))
    expect(await started(shop)).toEqual([big[4], big[0], big[1], big[3]])
    const held = await shop.source.held({ limit: 9 })
    expect(held.map(({ id }) => id)).toEqual([big[4], big[0], big[1], big[2], big[3]])
    expect(held.map(({ row }) => row.id)).toEqual([
      -9223372036854775808n,
      9007199254740991,
      9007199254740992n,
      9007199254740993n,
      9223372036854775807n,
    ])
    expect(shop.source.idOf(9007199254740993n)).toBe('9007199254740993')
    expect(() => shop.source.idOf(9007199254740992)).toThrow(TypeError)
  })

  test.each(['integer primary key', 'bigint primary key', 'numeric unique', 'text primary key', 'varchar(9) unique'])(
    'RS-03 declared %s is compared by its index, and read in its order',
    async (type) => {
      const ids = ['2', '9', '10', '11']
      const shop = shopOf(
        `create table shop (id ${type}); insert into shop (id) values ${ids.map((id) => `(${id})`)}`,
        {},
        connect,
      )
      const isText = /text|char/.test(type)
      const inOrder = isText ? ['10', '11', '2', '9'] : ids
      expect(await started(shop)).toEqual(inOrder)
      expect((await shop.source.held({ after: inOrder[0]!, limit: 2 })).map(({ id }) => id)).toEqual(
        inOrder.slice(1, 3),
      )
      // In a text `007` is another key; a number has one way to be written in the database.
      expect((await shop.source.look(['007', '9'])).map((seen) => seen?.id)).toEqual([undefined, '9'])
      const plans = [...shop.asked]
        .filter((sql) => sql.includes('"id" = +?'))
        .map((sql) => JSON.stringify(shop.ask(`explain query plan ${sql}`)))
      expect(plans.length).toBeGreaterThanOrEqual(3)
      for (const plan of plans) expect(plan).toMatch(/SEARCH shop USING .*\((rowid|id)=\?\)/)
    },
  )
})

describe('a key', () => {
  test('RS-03 of text keeps its zeros, and the case that its column tells apart', async () => {
    const shop = shopOf(
      `create table shop (id text primary key) without rowid; insert into shop values ('007'), ('7'), ('a'), ('A')`,
    )
    expect(await started(shop, ['007', 'a'])).toEqual(['007', 'a'])
    expect((await shop.source.look(['007', '7', 'a', 'A'])).map((seen) => seen?.standing)).toEqual([
      'started',
      'free',
      'started',
      'free',
    ])
  })

  test('RS-03 that does not tell cases apart is one row, reserved once', async () => {
    const shop = shopOf(`create table shop (id text collate nocase primary key); insert into shop values ('Corner')`)
    expect(await started(shop, ['CORNER', 'corner', 'Corner'])).toEqual(['Corner'])
  })

  test('RS-03 may be any unique column beside another primary key', async () => {
    const shop = shopOf(`create table shop (nr integer, part integer, id text not null unique, primary key (nr, part));
      insert into shop values (1, 1, 'one'), (1, 2, 'two')`)
    expect(await started(shop)).toEqual(['one', 'two'])
  })

  test('that can be no text leaves its row alone, and the others go on', async () => {
    const shop = shopOf(`create table shop (id numeric unique); insert into shop values (1.5), (2)`)
    shop.db.exec(`insert into shop (id) values (null), (x'0102')`)
    expect(await started(shop)).toEqual(['2'])
  })
})
