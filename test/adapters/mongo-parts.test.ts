/** Parts that change their state while somebody looks for them by state, and the rows of their own that lie among them. */
import { type Collection, type Db, type Document, MongoClient } from 'mongodb'
import { afterAll, expect, test } from 'vitest'
import { mongo } from '../../adapters/mongo/index.ts'
import { withServer } from '../servers/with-server.ts'
import { newDatabase } from './fixtures/mongo-database.ts'
import { aRow } from './fixtures/rows.ts'

const open = ['held', 'waiting', 'running']

await withServer('mongo', (server) => {
  const client = new MongoClient(server.url, { monitorCommands: true })
  const real = client.db(newDatabase())
  afterAll(async () => {
    await real.dropDatabase()
    await client.close()
  })

  test('MR-01 a part that goes from an open state to another while parts are looked for is not missed', async () => {
    const storage = mongo(missing(real))
    await storage.insert([aRow('job/00000000', { parent: 'job', state: 'running' })])
    for (const limit of [1, 10]) {
      const { rows } = await storage.find({ parent: 'job', states: open }, limit)
      expect(rows.map(({ id }) => id)).toEqual(['job/00000000'])
    }
  })

  test('DB-30 a list of parts reads no row of items, however many lie between them', async () => {
    const storage = mongo(real)
    const parts = Array.from({ length: 30 }, (_, index) => `list/${String(index).padStart(8, '0')}`)
    const items = parts.flatMap((id) => Array.from({ length: 20 }, (_, at) => `${id}/${String(at).padStart(9, '0')}`))
    await storage.insert(parts.map((id) => aRow(id, { parent: 'list' })))
    await storage.insert(items.map((id) => aRow(id, { parent: id.slice(0, -10), state: 'item', wakeAt: null })))
    for (const by of [{ parent: 'list' }, { parent: 'list', states: open }]) {
      const commands: Document[] = []
      const note = ({ command }: { command: Document }) => void commands.push(command)
      client.on('commandStarted', note)
      const { rows } = await storage.find(by, 100)
      client.off('commandStarted', note)
      expect(rows.map(({ id }) => id)).toEqual(parts)
      const { find, filter, sort, hint } = commands.find((command) => 'find' in command)!
      const plan = await real.command({ explain: { find, filter, sort, hint }, verbosity: 'executionStats' })
      expect(/"totalDocsExamined":(\d+)/.exec(JSON.stringify(plan))?.[1]).toBe(String(parts.length))
    }
  })
})

/**
 * The index of states says that there is nothing: as it does when the server stops between two states for others to
 * write, and the row has gone by then from the one to the other.
 */
function missing(db: Db): Db {
  const find = (rows: Collection, ...[filter, options]: Parameters<Collection['find']>) => {
    const isByState = (options as { hint?: unknown } | undefined)?.hint === 'parent'
    return rows.find(isByState ? { $and: [filter as Document, { _id: { $in: [] } }] } : (filter as Document), options)
  }
  const collection = (name: string, options: object) =>
    new Proxy(db.collection(name, options), {
      get: (rows, key) => (key === 'find' ? find.bind(undefined, rows) : Reflect.get(rows, key, rows)),
    })
  return new Proxy(db, {
    get(target, key) {
      if (key === 'collection') return collection
      const value = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
