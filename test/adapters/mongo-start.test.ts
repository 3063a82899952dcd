/** How the collections of MongoDB come to be, and what the doctor finds in them. */
import { describe, expect, test } from 'vitest'
import { mongo } from '../../adapters/mongo/index.ts'
import { withServer } from '../servers/with-server.ts'
import { freshDatabases, rowsOf } from './fixtures/mongo-client.ts'
import { faulty, serverError } from './fixtures/mongo-faults.ts'
import { aRow } from './fixtures/rows.ts'

await withServer('mongo', ({ url }) => {
  const { newDb } = freshDatabases(url)

  describe('a start', () => {
    test('DB-19 eight storages that meet in an empty database make it together', async () => {
      const db = newDb()
      const inserts = await Promise.all(Array.from({ length: 8 }, () => mongo(db).insert([aRow('a', { key: 'k' })])))
      expect(inserts.flat().filter((result) => result === 'inserted')).toHaveLength(1)
      expect((await rowsOf(db).indexes()).map(({ name }) => name).sort()).toEqual(
        ['_id_', 'done', 'due', 'key', 'parent'].sort(),
      )
    })

    test('CR-11 makes what a start that died half-way has left out', async () => {
      const db = newDb()
      await mongo(db).get([])
      await mongo(db).get(['a'])
      await rowsOf(db).dropIndex('key')
      await db.collection('piecework_meta').deleteMany({})
      await mongo(db).insert([aRow('a', { key: 'k' })])
      expect(await mongo(db).insert([aRow('b', { key: 'k' })])).toEqual([{ duplicate: 'a' }])
    })

    test('refuses a newer schema and writes nothing', async () => {
      const db = newDb()
      await db
        .collection<{ _id: string }>('piecework_meta')
        .insertOne({ _id: 'schema', version: 99 } as { _id: string })
      await expect(mongo(db).insert([aRow('a')])).rejects.toMatchObject({ code: 'newer_schema' })
      expect(await db.listCollections().toArray()).toHaveLength(1)
    })

    test('refuses an index of its name with another shape, and a collection that compares by a language', async () => {
      const db = newDb()
      await rowsOf(db).createIndex({ priority: 1 }, { name: 'due' })
      await expect(mongo(db).get(['a'])).rejects.toMatchObject({ code: 'not_usable', message: /index due .* drop it/ })
      const collated = newDb()
      await collated.createCollection('piecework_row', { collation: { locale: 'en', strength: 1 } })
      await expect(mongo(collated).get(['a'])).rejects.toMatchObject({ code: 'not_usable', message: /collation/ })
    })

    test('takes other names for its collections', async () => {
      const db = newDb()
      await mongo(db, { collectionPrefix: 'jobs-' }).insert([aRow('a')])
      expect((await db.listCollections().toArray()).map(({ name }) => name).sort()).toEqual(['jobs-meta', 'jobs-row'])
    })
  })

  describe('doctor', () => {
    test('finds a healthy storage healthy', async () => {
      const findings = await mongo(newDb()).doctor()
      expect(findings.filter(({ level }) => level !== 'ok')).toEqual([])
      expect(findings.map(({ about }) => about)).toEqual([
        'version',
        'topology',
        'indexes',
        'clock',
        'durability',
        'rights',
      ])
    })

    test('finds an index that was dropped while it ran', async () => {
      const db = newDb()
      const storage = mongo(db)
      await storage.get(['a'])
      await rowsOf(db).dropIndex('due')
      expect(await storage.doctor()).toContainEqual({
        level: 'error',
        about: 'indexes',
        message: 'The index due of the collection of rows is missing: the next start makes it.',
      })
    })

    test('finds each right that the user lacks', async () => {
      const { db, next } = faulty(newDb())
      const storage = mongo(db)
      await storage.get(['a'])
      next('delete', serverError(13, 'not authorized on shop to execute command { delete: "piecework_row" }'))
      const rights = (await storage.doctor()).filter(({ about }) => about === 'rights')
      expect(rights).toMatchObject([{ level: 'error', message: /may not remove from .* readWrite/ }])
    })
  })
})
