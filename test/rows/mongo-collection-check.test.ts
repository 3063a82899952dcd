/** What a collection is refused for, before the first document is touched, and what it is told to do about it. */
import type { Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { type MongoCollectionOptions, mongoCollection } from '../../adapters/mongo/index.ts'
import { freshDatabases } from '../adapters/fixtures/mongo-client.ts'
import { serverError, withCommand } from '../adapters/fixtures/mongo-faults.ts'
import { withServer } from '../servers/with-server.ts'
import { fields } from './mongo-pages.ts'

type Options = Readonly<Record<string, unknown>>

const db = { command() {}, collection() {} } as never
const made = (options: Options) => () =>
  mongoCollection(db, { collection: 'webpage', ...fields, ...options } as MongoCollectionOptions)

describe('options that cannot be', () => {
  test.each<[name: string, options: Options, message: string]>([
    ['no name of a collection', { collection: undefined }, 'Expected `collection` to be the name of a collection'],
    ['a name of the server', { collection: 'system.users' }, 'Expected `collection` to be the name of a collection'],
    ['a name with a dollar sign', { collection: 'a$b' }, 'Expected `collection` to be the name of a collection'],
    ['a composite key', { id: ['a', 'b'] }, 'a composite key is not supported'],
    ['a field that begins with an operator', { endTime: '$set' }, 'Expected `endTime` to be a field, or a path'],
    ['a path with a hole', { endTime: 'scrape..end' }, 'Expected `endTime` to be a field, or a path'],
    ['a path through an array', { endTime: 'scrape.0.end' }, 'Expected `endTime` to be a field, or a path'],
    ['a field in the key', { endTime: '_id.end' }, 'Expected `endTime` to be a field that can be written'],
    ['a field twice', { endTime: fields.startTime }, 'to be two columns, got "scrape.startTime" twice'],
    ['a field within another', { endTime: 'scrape' }, 'Expected `endTime` and `reservationId` to lie side by side'],
    ['a field in another', { error: `${fields.endTime}.text` }, 'Expected `error` and `endTime` to lie side by side'],
    ['a condition in text', { where: "country = 'GR'" }, "Expected `where` to be a filter such as { country: 'GR' }"],
    ['an unknown one', { table: 'webpage' }, 'Expected `options` to hold only'],
    ['a time that is none', { callTimeoutMs: 0 }, 'Expected `callTimeoutMs` to be an integer from 1'],
  ])('%s is refused', (_, options, message) => {
    expect(made(options)).toThrow(TypeError)
    expect(made(options)).toThrow(message)
  })

  test('what is no database is refused, without telling what it is', () => {
    const options = { collection: 'webpage', ...fields }
    expect(() => mongoCollection('postgres://root:secret@host', options)).toThrow(/^(?!.*secret).*`database`/)
  })
})

await withServer('mongo', (server) => {
  const { newDb } = freshDatabases(server.url)

  async function openOver(documents: readonly Document[], options: Options = {}, database = newDb()) {
    if (documents.length > 0) await database.collection('webpage').insertMany([...documents])
    return mongoCollection(database, { collection: 'webpage', ...fields, ...options } as MongoCollectionOptions).open()
  }

  test('an empty collection, and one whose documents have none of the fields, are fit', async () => {
    const empty = newDb()
    await empty.createCollection('webpage')
    const traits = { tokens: 'text', batchMax: 1000 }
    expect(await openOver([], {}, empty)).toEqual(traits)
    const document = { scrape: null, url: '/' }
    expect(await openOver([document, { scrape: { reservationTimes: null, endTime: new Date() } }])).toEqual(traits)
  })

  test("P17 the time is the server's where there is no document to ask, too", async () => {
    const empty = newDb()
    await empty.createCollection('webpage')
    const source = mongoCollection(empty, { collection: 'webpage', ...fields })
    await empty.collection('other').insertOne({})
    const [other] = await empty
      .collection('other')
      .aggregate([{ $project: { now: '$$NOW' } }])
      .toArray()
    const sinceMs = (await source.now()) - other?.now.getTime()
    expect(sinceMs).toBeGreaterThanOrEqual(0)
    expect(sinceMs).toBeLessThan(10_000)
    expect(await source.lapsed({ startWithinMs: 0, maxDurationMs: 0, limit: 9 })).toEqual([])
    expect(() => mongoCollection(empty, { collection: 'webpage', ...fields }).idOf(1)).toThrow('`open()` comes first')
  })

  test('a collection that is not there is refused, and is not made', async () => {
    const none = newDb()
    await expect(openOver([], {}, none)).rejects.toMatchObject({
      code: 'not_usable',
      message: /no collection "webpage" in this database: db.createCollection\("webpage"\) makes it/,
    })
    expect(await none.listCollections().toArray()).toEqual([])
  })

  test('a view is refused', async () => {
    const viewed = newDb()
    await viewed.collection('all').insertOne({})
    await viewed.createCollection('webpage', { viewOn: 'all', pipeline: [] })
    await expect(openOver([], {}, viewed)).rejects.toThrow('"webpage" is a view')
  })

  test('a collection that compares texts by the rules of a language is refused', async () => {
    const listed = newDb()
    await listed.createCollection('webpage')
    const collated = withCommand(listed, async (command, options) => {
      if (!('listCollections' in command)) return listed.command(command, options)
      const found = { name: 'webpage', type: 'collection', options: { collation: { locale: 'el', strength: 1 } } }
      return { cursor: { firstBatch: [found] } }
    })
    await expect(openOver([], {}, collated)).rejects.toThrow('the rules of a language (el)')
  })

  test.each<[what: string, document: Document, options: Options, message: string]>([
    [
      'a reservation id',
      { scrape: { reservationId: 5 } },
      {},
      '"scrape.reservationId" (reservationId) of a document is of type int',
    ],
    ['a reservation time', { scrape: { reservationTime: '2026' } }, {}, 'has to be a Date or null'],
    ['a count of tries', { scrape: { reservationTimes: '3' } }, {}, 'has to be a number or null'],
    ['a start', { scrape: { startTime: 5.5 } }, {}, '(startTime) of a document is of type double'],
    ['an end', { scrape: { endTime: true } }, {}, '(endTime) of a document is of type bool'],
    ['a success', { ok: 1 }, { success: 'ok' }, '(success) of a document is of type int, and has to be true or false'],
    ['an error', { error: {} }, { error: 'error' }, '(error) of a document is of type object'],
    [
      'an array on the way',
      { scrape: [{}] },
      {},
      '"scrape" of a document is of type array, and fields have to be written in it',
    ],
    ['a composite key', { _id: { a: 1, b: 2 } }, {}, 'the key "_id" of a document is an object'],
  ])('%s of another type in a document is found', async (_, document, options, message) => {
    const documents = [...Array.from({ length: 50 }, () => ({})), document]
    await expect(openOver(documents, options)).rejects.toMatchObject({ code: 'not_usable' })
    await expect(
      openOver(
        documents.map((each) => ({ ...each })),
        options,
      ),
    ).rejects.toThrow(message)
  })

  test('everything that is wrong is told at once', async () => {
    const document = { scrape: { reservationTimes: '3', endTime: 'x' } }
    const opening = openOver([document], { id: 'code', where: { $near: 1 } })
    await expect(opening).rejects.toThrow(
      /cannot be used:\n- the key "code" needs a unique.*\n- .*reservationTimes.*\n- .*endTime.*\n- the server does not take `where`/,
    )
  })

  describe('a key of its own', () => {
    test.each<[string, Document | undefined]>([
      ['without an index', undefined],
      ['with an index that is not unique', {}],
      ['with a unique index that leaves documents out', { unique: true, sparse: true }],
      ['with a unique index over some documents', { unique: true, partialFilterExpression: { code: { $gt: 0 } } }],
    ])('%s is refused with the statement that makes one', async (_, index) => {
      const own = newDb()
      if (index) await own.collection('webpage').createIndex({ code: 1 }, index)
      const statement = 'db.getCollection("webpage").createIndex({"code":1}, { unique: true })'
      await expect(openOver([{ code: 1 }], { id: 'code' }, own)).rejects.toThrow(statement)
    })

    test('with an index over two fields is refused, and with one of its own alone is not', async () => {
      const own = newDb()
      await own.collection('webpage').createIndex({ 'of.code': 1, url: 1 }, { unique: true })
      await expect(openOver([{ of: { code: 1 } }], { id: 'of.code' }, own)).rejects.toThrow('unique index')
      await own.collection('webpage').createIndex({ 'of.code': -1 }, { unique: true })
      const source = mongoCollection(own, { collection: 'webpage', ...fields, id: 'of.code' })
      await source.open()
      expect((await source.reserve({ tokens: ['w#1'], maxTries: 5 })).map(({ id }) => id)).toEqual(['1'])
    })
  })

  test('a user who may not list collections is not refused for it', async () => {
    const own = newDb()
    await own.createCollection('webpage')
    const refusing = withCommand(own, async (command, options) => {
      if ('listCollections' in command) throw serverError(13, 'not authorized')
      return own.command(command, options)
    })
    expect(await openOver([], {}, refusing)).toMatchObject({ tokens: 'text' })
  })

  test('what was refused is fit once it was mended', async () => {
    const own = newDb()
    const source = mongoCollection(own, { collection: 'webpage', ...fields })
    await expect(async () => source.open()).rejects.toThrow('no collection')
    await own.createCollection('webpage')
    expect(await source.open()).toMatchObject({ tokens: 'text' })
  })
})
