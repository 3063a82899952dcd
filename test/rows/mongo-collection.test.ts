/** Documents of the app's own as the queue: what every source does, and what is a collection's alone. */
import { Binary, Decimal128, type Document, Double, Long, ObjectId, UUID } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { mongoCollection } from '../../adapters/mongo/index.ts'
import { piecework, rowDispatcher } from '../../src/index.ts'
import { freshDatabases } from '../adapters/fixtures/mongo-client.ts'
import { faulty, withCommand } from '../adapters/fixtures/mongo-faults.ts'
import { withServer } from '../servers/with-server.ts'
import { fields } from './mongo-pages.ts'
import { shopPlace } from './mongo-shops.ts'
import { sourceCases } from './source-cases.ts'

const quiet = { info() {}, warn() {}, error() {} }

await withServer('mongo', (server) => {
  const { newDb } = freshDatabases(server.url)

  describe('fields side by side', () => sourceCases(shopPlace(newDb(), false)))
  describe('fields in one that is not there yet', () => sourceCases(shopPlace(newDb(), true)))

  /** A collection with these documents. */
  async function setUp(documents: readonly Document[], database = newDb()) {
    const pages = database.collection<Document>('webpage')
    await pages.insertMany(documents.map((document) => ({ ...document })))
    return { db: database, pages }
  }

  const one = { maxTries: 5, tokens: ['w#1'] }

  describe('keys', () => {
    const id = new ObjectId('65f0c0ffee65f0c0ffee65f0')
    const uuid = new UUID('0b6f1f3e-8a3a-4c1e-9f3e-0b6f1f3e8a3a')
    const mixed = [
      ...[id, id.toHexString(), uuid, uuid.toString(), new Binary(Buffer.from('bytes'))],
      ...[7, '7', '"7"', '007', -1, 2 ** 40, Long.fromString('9007199254740993'), new Double(2 ** 70), 1.5, '1.5'],
      ...[new Date(5), true, 'true', '{"$oid":"65f0c0ffee65f0c0ffee65f0"}', '[1]', 'null', '', ' ', "it's"],
      Decimal128.fromString('0.1'),
    ]

    test('RS-03 of all types side by side have a text of their own each, by which they are found and written', async () => {
      const { db, pages } = await setUp(mixed.map((_id) => ({ _id })))
      const source = mongoCollection(db, { collection: 'webpage', ...fields })
      await source.open()
      const tokens = mixed.map((_, at) => `w#${at}`)
      const rows = await source.reserve({ tokens, maxTries: 5 })
      expect(new Set(rows.map((row) => row.id)).size).toBe(mixed.length)
      expect(new Set(mixed.map((key) => source.idOf(key)))).toEqual(new Set(rows.map((row) => row.id)))
      const ids = mixed.map((key) => source.idOf(key))
      expect((await source.look(ids)).map((seen) => seen?.id)).toEqual(ids)
      const change = ({ id, token }: (typeof rows)[number]) => ({ id, token: token ?? '', on: 'active' as const })
      const started = await source.write(rows.map((row) => ({ ...change(row), move: 'start', maxTries: 5 })))
      expect(started).toEqual(mixed.map(() => true))
      expect(await pages.countDocuments({ 'scrape.reservationTimes': 1 })).toBe(mixed.length)
    })

    test('RS-03 are paged through in one order over all types', async () => {
      const { db } = await setUp(mixed.map((_id) => ({ _id })))
      const source = mongoCollection(db, { collection: 'webpage', ...fields })
      await source.reserve({ tokens: mixed.map((_, at) => `w#${at}`), maxTries: 5 })
      const seen: string[] = []
      for (let after: string | undefined; ; after = seen.at(-1)) {
        const rows = await source.held(after === undefined ? { limit: 4 } : { after, limit: 4 })
        if (rows.length === 0) break
        seen.push(...rows.map((row) => row.id))
      }
      expect(new Set(seen).size).toBe(mixed.length)
      expect(seen).toHaveLength(mixed.length)
    })

    test('an ObjectId is told by its digits, and found by them', async () => {
      const { db } = await setUp([{ _id: id }])
      const scrape = rowDispatcher('scrape', {
        source: mongoCollection(db, { collection: 'webpage', ...fields }),
        run: () => {},
      })
      const told: string[] = []
      const work = piecework({ definitions: [scrape], logger: quiet })
      work.on('completed', (event) => told.push(event.id))
      await work.drain()
      expect(told).toEqual([id.toHexString()])
      for (const key of [id, id.toHexString()]) expect(await scrape.explain(key)).toContain('ended well')
      await work.close()
    })

    test('digits are a string where keys are strings, and a number in between is told from it', async () => {
      const { db, pages } = await setUp([{ _id: '7' }, { _id: id.toHexString() }])
      const source = mongoCollection(db, { collection: 'webpage', ...fields })
      await source.open()
      await pages.insertMany([{ _id: 7 as never }, { _id: id }])
      const rows = await source.reserve({ tokens: ['w#1', 'w#2', 'w#3', 'w#4'], maxTries: 5 })
      expect(rows.map((row) => row.id).sort()).toEqual(
        ['7', id.toHexString(), '{"$numberLong":"7"}', `{"$oid":"${id}"}`].sort(),
      )
      expect((await source.look(['7', source.idOf(7), source.idOf(id)])).map((seen) => seen?.token)).toHaveLength(3)
      expect(source.idOf(7)).toBe('{"$numberLong":"7"}')
    })
  })

  test('P2 two dispatchers with fields of their own share a collection, and each document is worked on by both', async () => {
    const { db, pages } = await setUp(Array.from({ length: 30 }, (_, _id) => ({ _id })))
    const set = (name: string) =>
      Object.fromEntries(
        Object.entries(fields).map(([column, path]) => [column, path.replace('scrape', name)]),
      ) as typeof fields
    const done: Record<string, number[]> = { scrape: [], resize: [] }
    const definitions = Object.keys(done).map((name) =>
      rowDispatcher(name, {
        source: mongoCollection<{ _id: number }>(db, { collection: 'webpage', ...set(name) }),
        run: ({ row }) => void done[name]?.push(row._id),
      }),
    )
    const work = piecework({ definitions, logger: quiet })
    expect(await work.drain()).toBe(60)
    await work.close()
    for (const each of Object.values(done))
      expect(each.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, at) => at))
    const both = { 'scrape.reservationTimes': 1, 'resize.reservationTimes': 1 }
    expect(await pages.countDocuments(both)).toBe(30)
  })

  test('P25 RS-01 what the user wrote after the reservation stays, beside the fields and elsewhere', async () => {
    const { db, pages } = await setUp([{ _id: 1, price: 1, scrape: { note: 'first' } }])
    const source = mongoCollection(db, { collection: 'webpage', ...fields })
    await source.reserve(one)
    await pages.updateOne({ _id: 1 as never }, { $set: { price: 2, 'scrape.note': 'second', tags: ['$x'] } })
    for (const [on, move] of [
      ['active', 'start'],
      ['started', 'complete'],
    ] as const) {
      expect(await source.write([{ id: '1', token: 'w#1', on, move, maxTries: 5 }])).toEqual([true])
    }
    expect(await pages.findOne()).toMatchObject({
      price: 2,
      scrape: { note: 'second', reservationId: 'w#1' },
      tags: ['$x'],
    })
  })

  test('P25 nothing is written where a path has to go through a value of the user', async () => {
    const { db, pages } = await setUp([{ _id: 1 }])
    const source = mongoCollection(db, { collection: 'webpage', ...fields })
    await source.open()
    const values = ['text', 5, [], [{ a: 1 }]]
    for (const [at, scrape] of values.entries()) await pages.insertOne({ _id: (at + 2) as never, scrape })
    const rows = await source.reserve({ tokens: ['w#1', 'w#2', 'w#3', 'w#4', 'w#5'], maxTries: 5 })
    expect(rows.map(({ id }) => id)).toEqual(['1'])
    expect(
      (await pages.find({ _id: { $gt: 1 as never } }, { sort: { _id: 1 } }).toArray()).map(({ scrape }) => scrape),
    ).toEqual(values)
    await pages.updateOne({ _id: 1 as never }, { $set: { scrape: [] } })
    expect(await source.write([{ id: '1', token: 'w#1', on: 'active', move: 'start', maxTries: 5 }])).toEqual([false])
  })

  test('B25 a count of tries that is no number, and a document that the collection refuses, hold up no other', async () => {
    const db = newDb()
    const pages = await db.createCollection<Document>('webpage', {
      validator: { price: { $not: { $type: 'string' } } },
    })
    await pages.insertOne({ _id: 1 as never })
    const source = mongoCollection(db, { collection: 'webpage', ...fields })
    await source.open()
    const odd = [
      { _id: 0 as never, scrape: { reservationTimes: 'three' } },
      { _id: -1 as never, price: 'free' },
    ]
    await pages.insertMany(odd, { bypassDocumentValidation: true })
    const rows = await source.reserve({ tokens: ['w#1', 'w#2', 'w#3'], maxTries: 5 })
    expect(rows.map(({ id }) => id)).toEqual(['1'])
    await expect(async () => source.reserve({ tokens: ['w#4'], maxTries: 5 })).rejects.toThrow('failed validation')
  })

  describe('an answer that is lost', () => {
    test('of a reservation is found by its tokens', async () => {
      const { db } = await setUp([{ _id: 1 }, { _id: 2 }, { _id: 3 }])
      const { db: unsound, next } = faulty(db)
      const source = mongoCollection(unsound, { collection: 'webpage', ...fields })
      await source.open()
      next('update', 'answer lost')
      const rows = await source.reserve({ tokens: ['w#1', 'w#2'], maxTries: 5 })
      expect(rows.map(({ id, token }) => [id, token])).toEqual([
        ['1', 'w#1'],
        ['2', 'w#2'],
      ])
      next('update', 'lost')
      await expect(async () => source.reserve({ tokens: ['w#3'], maxTries: 5 })).rejects.toThrow('closed')
      expect((await source.held({ limit: 9 })).map(({ id }) => id)).toEqual(['1', '2'])
    })

    test('of a write ends in the row that it says', async () => {
      const { db, pages } = await setUp(Array.from({ length: 10 }, (_, _id) => ({ _id })))
      const { db: unsound, next } = faulty(db)
      const source = mongoCollection(unsound, { collection: 'webpage', ...fields })
      await source.open()
      let lost = 0
      const scrape = rowDispatcher('scrape', {
        source,
        run: ({ attempt }) => {
          expect(attempt).toBe(1)
          if (++lost % 3 === 0) next('update', 'answer lost')
        },
      })
      const work = piecework({ definitions: [scrape], logger: quiet })
      expect(await work.drain()).toBe(10)
      await work.close()
      expect(await pages.countDocuments({ 'scrape.reservationTimes': 1, 'scrape.endTime': { $type: 'date' } })).toBe(10)
    })
  })

  test('P-RESERVE a token is written once, even if what it reserved is taken back before the answer', async () => {
    const { db, pages } = await setUp([{ _id: 1 }, { _id: 2 }])
    const slow = withCommand(db, async (command, options) => {
      const reply = await db.command(command, options)
      const freed = { 'scrape.reservationId': null, 'scrape.reservationTimes': 5 }
      if ('update' in command) await pages.updateMany({ 'scrape.reservationId': 'w#1' }, { $set: freed })
      return reply
    })
    const source = mongoCollection(slow, { collection: 'webpage', ...fields })
    const sent = await source.reserve(one)
    expect(sent).toEqual([])
    expect(await pages.countDocuments({ 'scrape.reservationTime': { $type: 'date' } })).toBe(1)
  })

  test('RS-02 a document that is deleted while it runs is told as gone, and is not made again', async () => {
    const { db, pages } = await setUp([{ _id: 1 }, { _id: 2 }])
    const scrape = rowDispatcher('scrape', {
      source: mongoCollection<{ _id: number }>(db, { collection: 'webpage', ...fields }),
      run: async ({ row }) => {
        if (row._id === 1) await pages.deleteOne({ _id: 1 as never })
      },
    })
    const work = piecework({ definitions: [scrape], logger: quiet })
    const told: string[] = []
    for (const what of ['gone', 'completed'] as const)
      work.on(what, ({ id }: { readonly id: string }) => told.push(`${what} ${id}`))
    await work.drain()
    await work.close()
    expect(told.sort()).toEqual(['completed 2', 'gone 1'])
    expect((await pages.find().toArray()).map(({ _id }) => _id)).toEqual([2])
  })

  test('by a URL it opens a client of its own, and closes it', async () => {
    const { db } = await setUp([{ _id: 1 }])
    const url = server.url.replace(/\/[^/?]*(\?|$)/, `/${db.databaseName}$1`)
    const source = mongoCollection(url, { collection: 'webpage', ...fields })
    expect(await source.reserve(one)).toHaveLength(1)
    expect(source.client().databaseName).toBe(db.databaseName)
    await source.close()
    await expect(async () => source.count(5)).rejects.toMatchObject({ code: 'closed' })
  })
})
