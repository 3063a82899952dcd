/** Which commands the MongoDB storage sends, and what it asks of the server with each. */
import { MongoClient } from 'mongodb'
import { expect, test } from 'vitest'
import { mongo } from '../../adapters/mongo/index.ts'
import { withServer } from '../servers/with-server.ts'
import { freshDatabases } from './fixtures/mongo-client.ts'
import { faulty } from './fixtures/mongo-faults.ts'
import { aRow, completed, manyRows, NOON, wanting } from './fixtures/rows.ts'

const until = NOON + 30_000

await withServer('mongo', (server) => {
  const { newDb } = freshDatabases(server.url)

  test('DB-17 DB-18 every write asks for the journal, of a majority where there is one, and every read for the primary', async () => {
    const started: { commandName: string; command: Record<string, unknown> }[] = []
    const hostile = new MongoClient(server.url, {
      monitorCommands: true,
      readPreference: 'secondary',
      writeConcern: { w: 0 },
      retryWrites: false,
    })
    const db = hostile.db(newDb().databaseName)
    const hello = await db.command({ hello: 1 })
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
      // Asked for a majority, a standalone server does not wait for its journal.
      writes.map(() => ({ w: hello.setName === undefined ? 1 : 'majority', j: true, wtimeout: 10_000 })),
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
})
