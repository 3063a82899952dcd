import { fork } from 'node:child_process'
import { MongoClient, type MongoClientOptions } from 'mongodb'
import { afterAll, describe, expect, test } from 'vitest'
import { mongo } from '../../adapters/mongo/index.ts'
import { conformance, model, race, type Subject } from '../../src/conformance/index.ts'
import { oneFile } from '../servers/one-file.ts'
import { withServer } from '../servers/with-server.ts'
import { rowsOf } from './fixtures/mongo-client.ts'
import { newDatabase } from './fixtures/mongo-database.ts'

/** Databases whose test is over, by mode: emptied, which takes a tenth of making one. */
const emptied = new Map<string, string[]>()

/** What an app may have told its client, all of it against what this storage needs. */
const hostile: MongoClientOptions = {
  readPreference: 'secondaryPreferred',
  readConcern: { level: 'available' },
  writeConcern: { w: 0 },
  retryWrites: false,
  retryReads: false,
  promoteLongs: false,
  promoteValues: false,
  promoteBuffers: false,
  ignoreUndefined: true,
  bsonRegExp: true,
  forceServerObjectId: true,
  enableUtf8Validation: false,
}

const holder = await oneFile(new URL('./fixtures/mongo-holder.ts', import.meta.url))

await withServer('mongo', (server) => {
  const clients = new Map<string, MongoClient>()
  afterAll(() => Promise.all([...clients.values()].map((client) => client.close())))

  function clientWith(name: string, options: MongoClientOptions): MongoClient {
    const client = clients.get(name) ?? new MongoClient(server.url, options)
    clients.set(name, client)
    return client
  }

  function onDb(name: string, options: MongoClientOptions): Subject {
    const client = clientWith(name, options)
    const db = client.db(emptyDatabase(name))
    return { storage: mongo(db), again: () => mongo(db), cleanup: () => empty(name, db.databaseName) }
  }

  function onUrl(): Subject {
    const url = new URL(server.url)
    const database = emptyDatabase('url')
    url.pathname = database
    return {
      storage: mongo(url.href),
      again: () => mongo(url.href),
      cleanup: () => empty('url', database),
    }
  }

  /** Each mode makes its own: with its options the collections come to be as well. */
  function emptyDatabase(mode: string): string {
    return emptied.get(mode)?.pop() ?? newDatabase()
  }

  /** By a client of its own: the hostile one would not wait for the answer. */
  async function empty(mode: string, database: string): Promise<void> {
    await rowsOf(clientWith('plain', {}).db(database)).deleteMany({})
    emptied.set(mode, [...(emptied.get(mode) ?? []), database])
  }

  const modes = [
    ["an app's Db", () => onDb('plain', {}), 30],
    ['a URL', onUrl, 10],
    ["an app's Db with options of its own", () => onDb('hostile', hostile), 10],
    ['a Db whose longs are bigints', () => onDb('bigint', { useBigInt64: true }), 5],
  ] as const

  describe.each(modes)('%s', (_, create, histories) => {
    conformance({ test, create })
    model({ test, create, histories })
    race({ test, create, rounds: 60 })
  })

  describe('processes that share a database', () => {
    const spawnOn = (database: string, flaw = 'none') => {
      return () => fork(holder, [server.url, database, flaw], { execArgv: ['--no-warnings'] })
    }

    race({ test, spawn: spawnOn(newDatabase()), rounds: 100 })
    race({ test, spawn: spawnOn(newDatabase()), rounds: 100, kills: 2, seed: 100 })

    test.each([
      ['apply is not checked', /writes made rev|not what the log makes|false stale|which is stored/],
      ['claim hands out a row whose lease runs', /two holders have one row|not what the log makes/],
    ])('are found out when %s', async (flaw, complaint) => {
      const runs: Promise<void>[] = []
      // A call takes as long as a short lease does: only one that still runs when others claim can be broken.
      race({ test: (_, run) => runs.push(run()), spawn: spawnOn(newDatabase(), flaw), rounds: 60, leaseMs: 400 })
      await expect(Promise.all(runs)).rejects.toThrow(complaint)
    })
  })
})
