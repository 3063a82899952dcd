/** Which plans MongoDB makes of the questions on the path of a task: beside many rows they read no more than they give. */
import { type Document, MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mongo } from '../../adapters/mongo/index.ts'
import type { Row } from '../../src/storage/index.ts'
import { withServer } from '../servers/with-server.ts'
import { newDatabase } from './fixtures/mongo-database.ts'
import { faulty } from './fixtures/mongo-faults.ts'
import { manyRows, NOON } from './fixtures/rows.ts'

const COUNT = 5_000

await withServer('mongo', (server) => {
  const client = new MongoClient(server.url, { monitorCommands: true })
  const real = client.db(newDatabase())
  const { db, sent } = faulty(real)
  const storage = mongo(db)

  beforeAll(async () => {
    const groups = [
      { name: 'a', priority: 0, wakeAt: null, doneAt: NOON },
      { name: 'a', priority: 0, wakeAt: NOON + 1 },
      { name: 'a', priority: 5 },
      { name: 'b', priority: 5 },
      { name: 'other', priority: 0 },
      { name: 'part', parent: 'job', state: 'completed', wakeAt: null },
    ]
    for (const [at, fields] of groups.entries()) {
      const rows = manyRows(COUNT, fields).map((row) => ({
        ...row,
        id: `${fields.parent ? 'job/' : `${at}-`}${row.id}`,
      }))
      for (let from = 0; from < COUNT; from += 1_000) await storage.insert(rows.slice(from, from + 1_000))
    }
    await storage.insert(
      manyRows(1, { name: 'part', parent: 'job', wakeAt: null }).map((row) => ({ ...row, id: 'job/z' })),
    )
  }, 60_000)
  afterAll(async () => {
    await real.dropDatabase()
    await client.close()
  })

  const request = (limits: Record<string, number>, limit: number) => ({
    wants: Object.entries(limits).map(([name, each]) => ({ name, limit: each })),
    limit,
    holder: 'worker#1',
    now: NOON,
    until: NOON + 1,
  })

  test.each([
    ['one name', { a: 100 }],
    ['three names', { a: 100, b: 100, none: 100 }],
    ['a limit for each name', { a: 60, b: 60, none: 60 }],
    ['190 names that have no row', Object.fromEntries(Array.from({ length: 190 }, (_, at) => [`none-${at}`, 100]))],
  ])(
    'DB-30 %s: a claim looks for its rows in the index alone, in order, and no further than its limits',
    async (_, limits) => {
      sent.length = 0
      await storage.claim(request(limits, 100))
      const asked = sent.filter((command) => 'aggregate' in command)
      expect(asked).toHaveLength(1)
      for (const pipeline of branches(asked[0]!.pipeline)) {
        const { keys, docs, stages } = await explained({ aggregate: 'piecework_row', pipeline, cursor: {} })
        expect(stages).toContain('IXSCAN')
        expect(stages).not.toContain('SORT')
        expect(stages).not.toContain('COLLSCAN')
        expect(docs).toBe(0)
        // One key more for each name and each of its priorities, where the scan finds out that nothing more is due.
        expect(keys).toBeLessThanOrEqual(100 + 3 * Object.keys(limits).length)
      }
    },
  )

  test('DB-30 whether a part is open is one step in the index, however many parts are done', async () => {
    const open: Row[] = []
    const commands = await noted(async () =>
      open.push(...(await storage.find({ parent: 'job', states: ['waiting', 'running'] }, 1)).rows),
    )
    expect(open.map(({ id }) => id)).toEqual(['job/z'])
    const { find, filter, sort, limit, hint } = commands[0]!
    const { keys, docs, stages } = await explained({ find, filter, sort, limit, hint })
    expect(stages).not.toContain('SORT')
    expect(docs).toBe(1)
    expect(keys).toBeLessThanOrEqual(4)
  })

  test('DB-30 what is left of a claim is found in the index, whatever else wakes', async () => {
    const commands = await noted(() => storage.find({ claimedBy: 'worker#9', until: NOON + 2, names: ['a', 'b'] }, 100))
    const { find, filter, limit, hint } = commands[0]!
    const { keys, docs, stages } = await explained({ find, filter, limit, hint })
    expect(stages).not.toContain('COLLSCAN')
    // A step for each name and priority.
    expect(docs).toBe(0)
    expect(keys).toBeLessThanOrEqual(25)
  })

  async function noted(run: () => unknown): Promise<Document[]> {
    const commands: Document[] = []
    const note = ({ commandName, command }: { commandName: string; command: Document }) => {
      if (commandName === 'find') commands.push(command)
    }
    client.on('commandStarted', note)
    await run()
    client.off('commandStarted', note)
    return commands
  }

  /** The pipeline up to its first union, and those of the unions: each is planned by itself. */
  function branches(pipeline: Document[]): Document[][] {
    const unions = pipeline.flatMap((stage) => (stage.$unionWith ? [stage.$unionWith.pipeline] : []))
    const end = pipeline.findIndex((stage) => stage.$unionWith)
    return [end < 0 ? pipeline : pipeline.slice(0, end), ...unions]
  }

  async function explained(command: Document): Promise<{ keys: number; docs: number; stages: string[] }> {
    const plan = await real.command({ explain: command, verbosity: 'executionStats' })
    const text = JSON.stringify(plan)
    const total = (name: string) => Number(new RegExp(`"${name}":(\\d+)`).exec(text)?.[1])
    return {
      keys: total('totalKeysExamined'),
      docs: total('totalDocsExamined'),
      stages: [...text.matchAll(/"stage":"(\w+)"/g)].map(([, stage]) => stage as string),
    }
  }
})
