/** Documents of the app's own as the queue: what every source does, and what is a collection's alone. */
import { Binary, Decimal128, type Document, Double, Long, ObjectId, UUID } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { mongoCollection } from '../../adapters/mongo/index.ts'
import { piecework, rowDispatcher } from '../../src/index.ts'
import { freshDatabases } from '../adapters/fixtures/mongo-client.ts'
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
    expect(await source.reserve({ tokens: ['w#1'], maxTries: 5 })).toHaveLength(1)
    expect(source.client().databaseName).toBe(db.databaseName)
    await source.close()
    await expect(async () => source.count(5)).rejects.toMatchObject({ code: 'closed' })
  })
})
