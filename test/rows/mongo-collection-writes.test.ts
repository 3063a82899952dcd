/** What is written into documents of the app's own: nothing but its fields, whatever the app or the network does meanwhile. */
import type { Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { mongoCollection } from '../../adapters/mongo/index.ts'
import { piecework, rowDispatcher } from '../../src/index.ts'
import { freshDatabases } from '../adapters/fixtures/mongo-client.ts'
import { faulty, withCommand } from '../adapters/fixtures/mongo-faults.ts'
import { withServer } from '../servers/with-server.ts'
import { fields } from './mongo-pages.ts'

const quiet = { info() {}, warn() {}, error() {} }
const one = { maxTries: 5, tokens: ['w#1'] }

await withServer('mongo', (server) => {
  const { newDb } = freshDatabases(server.url)

  /** A collection with these documents. */
  async function setUp(documents: readonly Document[]) {
    const db = newDb()
    const pages = db.collection<Document>('webpage')
    await pages.insertMany(documents.map((document) => ({ ...document })))
    return { db, pages }
  }

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

  test('P25 nor where one of them was put in the way while the row ran', async () => {
    const { db, pages } = await setUp([{ _id: 1 }])
    const source = mongoCollection(db, { collection: 'webpage', ...fields, startTime: 'times.start' })
    await source.reserve(one)
    const times = 'from nine to ten'
    await pages.updateOne({ _id: 1 as never }, { $set: { times } })
    expect(await source.write([{ id: '1', token: 'w#1', on: 'active', move: 'start', maxTries: 5 }])).toEqual([false])
    expect(await pages.findOne()).toMatchObject({ times })
  })

  test("RS-01 a document that the app's own condition no longer holds of when it is written is left alone", async () => {
    const { db, pages } = await setUp([
      { _id: 1, country: 'GR' },
      { _id: 2, country: 'GR' },
    ])
    const changing = withCommand(db, async (command, options) => {
      const reply = await db.command(command, options)
      const isSelecting = 'aggregate' in command && JSON.stringify(command).includes('$unionWith')
      if (isSelecting) await pages.updateOne({ _id: 1 as never }, { $set: { country: 'CY' } })
      return reply
    })
    const source = mongoCollection(changing, { collection: 'webpage', ...fields, where: { country: 'GR' } })
    const rows = await source.reserve({ tokens: ['w#1', 'w#2'], maxTries: 5 })
    expect(rows.map(({ id }) => id)).toEqual(['2'])
    expect(await pages.findOne({ _id: 1 as never })).toEqual({ _id: 1, country: 'CY' })
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
})
