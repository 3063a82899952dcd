/** What is told when the MongoDB server, the network or the client does not do what it should. */
import { MongoClient } from 'mongodb'
import { expect, test } from 'vitest'
import { mongo } from '../../adapters/mongo/index.ts'
import { withServer } from '../servers/with-server.ts'
import { freshDatabases } from './fixtures/mongo-client.ts'
import { faulty, serverError, withCommand } from './fixtures/mongo-faults.ts'
import { aRow, wanting } from './fixtures/rows.ts'

await withServer('mongo', (server) => {
  const { client, newDb } = freshDatabases(server.url)

  test('errors of the server have their meaning', async () => {
    const { db, next } = faulty(newDb())
    const storage = mongo(db)
    await storage.get(['a'])
    next('insert', serverError(13, 'not authorized'))
    await expect(storage.insert([aRow('a')])).rejects.toMatchObject({ code: 'not_usable', message: /lacks a right/ })
    next('insert', serverError(18, 'Authentication failed.'))
    await expect(storage.insert([aRow('a')])).rejects.toMatchObject({ code: 'not_usable', message: /password/ })
    next('insert', Object.assign(new Error('no primary'), { name: 'MongoServerSelectionError' }))
    await expect(storage.insert([aRow('a')])).rejects.toMatchObject({ code: 'busy' })
    // A primary that stepped down in the middle may have done some of it.
    next('insert', serverError(10107, 'not primary'))
    await expect(storage.insert([aRow('a')])).rejects.not.toHaveProperty('name', 'StorageError')
    next('aggregate', 'lost')
    await expect(storage.claim(wanting('resize', 1))).rejects.toMatchObject({ code: 'busy' })
  })

  test('DB-06 a call that is never answered ends by itself, and sends nothing afterwards', async () => {
    const { db, sent } = faulty(newDb())
    await mongo(db).insert([aRow('a')])
    let release = () => {}
    const silent = withCommand(db, async (document, options) => {
      if ('aggregate' in document) await new Promise<void>((resolve) => (release = resolve))
      return db.command(document, options)
    })
    const storage = mongo(silent, { callTimeoutMs: 300 })
    await expect(storage.claim(wanting('resize', 1))).rejects.toMatchObject({ code: 'busy' })
    sent.length = 0
    release()
    await expect.poll(() => sent.map((command) => Object.keys(command)[0])).toEqual(['aggregate'])
    expect(await storage.get(['a'])).toEqual([aRow('a')])
    expect(sent).toHaveLength(1)
  })

  test('close leaves the app its client, and ends the one of a URL', async () => {
    const storage = mongo(newDb())
    await storage.insert([aRow('a')])
    await storage.close()
    await expect(storage.get(['a'])).rejects.toMatchObject({ code: 'closed' })
    expect(await client.db('admin').command({ ping: 1 })).toMatchObject({ ok: 1 })
  })

  test('a client that the app has closed is named as closed', async () => {
    const own = new MongoClient(server.url)
    const storage = mongo(own.db(newDb().databaseName))
    await storage.get(['a'])
    await own.close()
    await expect(storage.get(['a'])).rejects.toMatchObject({ code: 'closed' })
  })
})
