/** What the MongoDB storage does beyond the contract that the conformance suite holds it to. */
import { type Db, MongoClient } from 'mongodb'
import { afterAll, describe, expect, test } from 'vitest'
import { mongo } from '../../adapters/mongo/index.ts'
import { withServer } from '../servers/with-server.ts'
import { newDatabase } from './fixtures/mongo-database.ts'
import { faulty, serverError } from './fixtures/mongo-faults.ts'
import { aRow, completed, manyRows, NOON, wanting } from './fixtures/rows.ts'

const until = NOON + 30_000

await withServer('mongo', (server) => {
  const client = new MongoClient(server.url)
  const databases: string[] = []
  afterAll(async () => {
    for (const name of databases) await client.db(name).dropDatabase()
    await client.close()
  })

  function newDb(): Db {
    const name = newDatabase()
    databases.push(name)
    return client.db(name)
  }

  const rowsOf = (db: Db) => db.collection<{ _id: string }>('piecework_row')

  describe('an outcome that is not known', () => {
    test('DB-01 a claim whose answer was lost finds its rows and returns them', async () => {
      const { db, next } = faulty(newDb())
      const storage = mongo(db)
      await storage.insert(manyRows(3))
      next('update', 'answer lost')
      const claimed = await storage.claim(wanting('resize', 2))
      expect(claimed).toEqual(await storage.get(claimed.map(({ id }) => id)))
      expect(claimed.map(({ tries, holder }) => [tries, holder])).toEqual([
        [1, 'worker#1'],
        [1, 'worker#1'],
      ])
    })

    test('a claim that never reached the server fails, and the rows are as they were', async () => {
      const { db, next } = faulty(newDb())
      const storage = mongo(db)
      await storage.insert([aRow('a')])
      next('update', 'lost')
      await expect(storage.claim(wanting('resize', 2))).rejects.toThrow('closed')
      expect(await storage.get(['a'])).toEqual([aRow('a')])
    })

    test('DB-02 a completion whose answer was lost fails with no code, and saying it again is told that it stands', async () => {
      const { db, next } = faulty(newDb())
      const storage = mongo(db)
      await storage.insert([aRow('a')])
      const [row] = await storage.claim(wanting('resize', 1))
      next('update', 'answer lost')
      const failure = await Promise.resolve(storage.apply([completed(row!)])).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(Error)
      expect(failure).not.toHaveProperty('code')
      expect(await storage.apply([completed(row!)])).toEqual(['applied'])
      expect((await storage.get(['a']))[0]?.rev).toBe(row!.rev + 1)
    })

    test('DB-03 an add whose answer was lost is named as its own duplicate when it is said again', async () => {
      const { db, next } = faulty(newDb())
      const storage = mongo(db)
      await storage.get(['a'])
      next('insert', 'answer lost')
      await expect(storage.insert([aRow('a')])).rejects.toThrow('closed')
      expect(await storage.insert([aRow('a'), aRow('b')])).toEqual([{ duplicate: 'a' }, 'inserted'])
      expect(await rowsOf(db).countDocuments()).toBe(2)
    })

    test('what others did to a row since does not hide that a change in a batch was ours', async () => {
      const db = newDb()
      const [one, other] = [mongo(db), mongo(db)]
      await one.insert([aRow('a'), aRow('b')])
      const [a, b] = await one.claim(wanting('resize', 2))
      await other.apply([completed(b!)])
      const again = { state: 'waiting', wakeAt: NOON, doneAt: null, keepKey: true }
      const { db: slow } = faulty(db)
      // Between the write and the look at what became of it, somebody else claims the row.
      const interrupted = new Proxy(slow, {
        get: (target, name) =>
          name === 'command'
            ? async (document: { update?: string }, options: object) => {
                const reply = await target.command(document, options)
                if (document.update) await other.claim(wanting('resize', 1, 'other#1'))
                return reply
              }
            : Reflect.get(target, name, target),
      })
      expect(await mongo(interrupted).apply([completed(a!, again), completed(b!, again)])).toEqual(['applied', 'stale'])
      expect((await one.get(['a']))[0]?.holder).toBe('other#1')
    })

    test('a write that a majority has not stored is not acknowledged', async () => {
      const db = newDb()
      const delayed = new Proxy(db, {
        get: (target, name) =>
          name === 'command'
            ? async (document: object, options: object) => ({
                ...(await target.command(document, options)),
                ...('insert' in document && {
                  writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' },
                }),
              })
            : Reflect.get(target, name, target),
      })
      await expect(mongo(delayed).insert([aRow('a')])).rejects.toThrow('A majority of the replica set')
    })
  })

  test('DB-17 DB-18 every write asks for a majority and its journal, and every read for the primary', async () => {
    const started: { commandName: string; command: Record<string, unknown> }[] = []
    const hostile = new MongoClient(server.url, {
      monitorCommands: true,
      readPreference: 'secondary',
      writeConcern: { w: 0 },
      retryWrites: false,
    })
    const db = hostile.db(newDb().databaseName)
    const storage = mongo(db)
    await storage.insert([aRow('a')])
    hostile.on('commandStarted', (event) => started.push(event))
    const [row] = await storage.claim(wanting('resize', 1))
    await storage.insert([aRow('b')])
    await storage.extend([row!], until)
    await storage.apply([completed(row!)])
    await storage.apply([{ row: { ...row!, rev: row!.rev + 1 }, next: null }])
    await storage.find({ names: ['resize'] }, 10)
    await storage.count({ upTo: 10 })
    await storage.now()
    await hostile.close()
    const writes = started.filter(({ commandName }) => ['insert', 'update', 'delete'].includes(commandName))
    expect(writes.map(({ command }) => command.writeConcern)).toEqual(
      writes.map(() => ({ w: 'majority', j: true, wtimeout: 10_000 })),
    )
    expect(writes.map(({ commandName }) => commandName)).toEqual(['update', 'insert', 'update', 'update', 'delete'])
    const reads = started.filter(({ commandName }) => ['find', 'aggregate'].includes(commandName))
    expect(reads.length).toBeGreaterThan(4)
    for (const { command } of reads) {
      // To a server that was connected to directly the driver says `primaryPreferred` for `primary`, and so it is.
      expect(['primary', 'primaryPreferred', undefined]).toContain(
        (command.$readPreference as { mode: string } | undefined)?.mode,
      )
      expect(command.readConcern).toEqual({ level: 'local' })
    }
  })

  test('a claim takes three commands however many rows it gets, one where nothing is due, and no write then', async () => {
    const { db, sent } = faulty(newDb())
    const storage = mongo(db)
    await storage.insert(manyRows(600))
    sent.length = 0
    expect(await storage.claim(wanting('resize', 500))).toHaveLength(500)
    // The rows themselves are read through a cursor, which is the third.
    expect(sent.map((command) => Object.keys(command)[0])).toEqual(['aggregate', 'update'])
    sent.length = 0
    expect(await storage.claim(wanting('other', 500))).toEqual([])
    expect(sent.map((command) => Object.keys(command)[0])).toEqual(['aggregate'])
  })

  test('names and keys that look like operators or paths are values', async () => {
    const storage = mongo(newDb())
    const odd = ['$name', '$$ROOT', '$where', 'a.b', '{"$gt":""}', '__proto__']
    const rows = odd.map((text, at) => aRow(`$${at}`, { name: text, key: text, holder: text, memo: `"${at}$"` }))
    expect(await storage.insert(rows)).toEqual(odd.map(() => 'inserted'))
    for (const text of odd) {
      const [row] = await storage.claim(wanting(text, 1, '$holder'))
      expect(row).toMatchObject({ name: text, key: text, holder: '$holder' })
      const written = { state: '$state', holder: '$tries', memo: '"$memo"', keepKey: true }
      expect(await storage.apply([completed(row!, written)])).toEqual(['applied'])
      expect((await storage.find({ key: text }, 1)).rows[0]).toMatchObject({ state: '$state', holder: '$tries' })
    }
    const { counts } = await storage.count({ upTo: 100 })
    expect(Object.keys(counts).sort()).toEqual([...odd].sort())
  })

  test('250 names, each with a limit of its own, are claimed in exact order', async () => {
    const storage = mongo(newDb())
    const names = Array.from({ length: 250 }, (_, at) => `name-${at}`)
    const rows = names.flatMap((name, at) =>
      manyRows(3, { name, wakeAt: NOON - ((at * 7) % 250), priority: at % 3 }).map((row) => ({
        ...row,
        id: `${row.id}-${at}`,
      })),
    )
    await storage.insert(rows)
    const ordered = rows.toSorted((a, b) => a.priority - b.priority || a.wakeAt! - b.wakeAt! || (a.id < b.id ? -1 : 1))
    const left = new Map(names.map((name) => [name, 2]))
    const expected = ordered.filter(({ name }) => left.set(name, left.get(name)! - 1).get(name)! >= 0).slice(0, 300)
    const wants = names.map((name) => ({ name, limit: 2 }))
    const claimed = await storage.claim({ wants, limit: 300, holder: 'worker#1', now: NOON, until })
    expect(claimed.map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
  })

  test('eight storages that claim at once hand out each row once, and leave none that is due', async () => {
    const db = newDb()
    const storages = Array.from({ length: 8 }, () => mongo(db))
    await storages[0]!.insert(manyRows(1000))
    const got = await Promise.all(
      storages.map(async (storage, at) => {
        const ids: string[] = []
        for (let round = 0; ; round++) {
          const claimed = await storage.claim(wanting('resize', 20, `worker-${at}#${round}`))
          if (claimed.length === 0) return ids
          ids.push(...claimed.map(({ id }) => id))
        }
      }),
    )
    // A claim that lost to others again and again may end empty; what it left, the next one gets.
    const rest = await storages[0]!.claim(wanting('resize', 1000, 'last#1'))
    const all = [...got.flat(), ...rest.map(({ id }) => id)]
    expect(all).toHaveLength(1000)
    expect(new Set(all).size).toBe(1000)
  })

  test('DB-26 PL-11 a row as large as the traits allow is stored, settled and read back; batches of large ones as well', async () => {
    const storage = mongo(newDb())
    const half = `"${'x'.repeat(storage.traits.rowMaxBytes / 2 - 10)}"`
    await storage.insert([aRow('a', { input: half, memo: half, key: '☃'.repeat(400) })])
    const [row] = await storage.claim(wanting('resize', 1))
    expect(row?.input).toBe(half)
    const full = `"${'y'.repeat(storage.traits.rowMaxBytes / 2 - 10)}"`
    expect(await storage.apply([completed(row!, { memo: full, keepKey: true })])).toEqual(['applied'])
    expect((await storage.get(['a']))[0]?.memo).toBe(full)
    const megabytes = manyRows(40, { input: `"${'z'.repeat(1_000_000)}"`, wakeAt: null })
    expect(await storage.insert(megabytes)).toEqual(megabytes.map(() => 'inserted'))
    expect(await storage.get(megabytes.map(({ id }) => id))).toEqual(megabytes)
  }, 120_000)

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
    const silent = new Proxy(db, {
      get: (target, name) =>
        name === 'command'
          ? async (document: object, options: object) => {
              if ('aggregate' in document) await new Promise<void>((resolve) => (release = resolve))
              return target.command(document, options)
            }
          : Reflect.get(target, name, target),
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
