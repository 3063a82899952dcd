/** The indexes that a collection's `statements()` make are the ones that its questions go by, beside many documents. */
import type { Db, Document } from 'mongodb'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mongoCollection } from '../../adapters/mongo/index.ts'
import { newDatabase } from '../adapters/fixtures/mongo-database.ts'
import { withServer } from '../servers/with-server.ts'
import { fields } from './mongo-pages.ts'

const COUNT = Number(process.env.PIECEWORK_PLAN_ROWS ?? 100_000)
const HOUR = 3_600_000
const limits = { startWithinMs: HOUR, maxDurationMs: HOUR, limit: 1_000 }

await withServer('mongo', (server) => {
  const client = new MongoClient(server.url, { monitorCommands: true })
  const db = client.db(newDatabase())
  /** Every command that reads, as it was sent. */
  const sent: Document[] = []
  client.on('commandStarted', ({ commandName, command }) => {
    if (['find', 'aggregate'].includes(commandName)) sent.push(command)
  })
  const source = mongoCollection(db, { collection: 'web page', ...fields })
  const greek = mongoCollection(db, { collection: 'web page', ...fields, where: { country: 'GR', price: { $gt: 1 } } })

  beforeAll(async () => {
    const pages = db.collection<Document>('web page')
    for (let from = 0; from < COUNT; from += 5_000) {
      await pages.insertMany(Array.from({ length: 5_000 }, (_, at) => pageAt(from + at)))
    }
    for (const each of [source, greek]) await migrate(db, each.statements())
  }, 120_000)
  afterAll(async () => {
    await db.dropDatabase()
    await client.close()
  })

  /** How many keys of indexes and documents the last questions looked at. */
  async function looked(words: (command: Document) => boolean): Promise<Work[]> {
    const questions = sent.splice(0).filter(words)
    const works = await Promise.all(questions.map(async (question) => workOf(await explained(db, question))))
    for (const work of works) console.log(`of ${COUNT} documents: ${JSON.stringify(work)}`)
    return works
  }

  test('RS-03 P13 selecting goes by its index, in its order, and no further than what it takes', async () => {
    await source.open()
    sent.length = 0
    expect(await source.reserve({ tokens: tokens(5), maxTries: 5 })).toHaveLength(5)
    for (const work of await looked((command) => 'aggregate' in command)) {
      expect(work.stages).not.toContain('COLLSCAN')
      expect(work.stages).not.toContain('SORT')
      expect(work.indexes).toEqual(['scrape.reservationTimes_1__id_1'])
      expect(work.keys).toBeLessThanOrEqual(20)
    }
  })

  test("RS-03 where the app's condition compares with values, they lead the index", async () => {
    await greek.open()
    sent.length = 0
    expect(await greek.reserve({ tokens: tokens(5), maxTries: 5 })).toHaveLength(5)
    const [work] = await looked((command) => 'aggregate' in command)
    expect(work?.indexes).toEqual(['country_1_scrape.reservationTimes_1__id_1'])
    expect(work?.keys).toBeLessThanOrEqual(20)
  })

  test('RS-03 P14 relaunching looks at what is over its time, and at nothing else', async () => {
    sent.length = 0
    const seen = await source.lapsed(limits)
    expect(seen.filter(({ standing }) => standing === 'started')).toHaveLength(COUNT / 1_000)
    expect(seen.filter(({ standing }) => standing === 'active')).toHaveLength(COUNT / 1_000)
    const works = await looked((command) => 'find' in command && command.filter !== undefined)
    expect(works).toHaveLength(2)
    for (const work of works) {
      expect(work.stages).not.toContain('COLLSCAN')
      expect(work.indexes).toEqual(['scrape.startTime_1_scrape.reservationTime_1'])
      expect(work.documents).toBeLessThanOrEqual(COUNT / 1_000)
      expect(work.keys).toBeLessThanOrEqual(COUNT / 1_000 + 5)
    }
  })

  test('the statements stand for themselves: other collections have other ones, and making them twice changes nothing', async () => {
    await migrate(db, source.statements())
    const names = (await db.collection('web page').indexes()).map(({ name }) => name)
    expect(names).toHaveLength(4)
    expect(source.statements()).toEqual([
      'db.getCollection("web page").createIndex({"scrape.reservationTimes":1,"_id":1}, ' +
        '{"partialFilterExpression":{"scrape.reservationId":null,"scrape.endTime":null}})',
      'db.getCollection("web page").createIndex({"scrape.startTime":1,"scrape.reservationTime":1}, ' +
        '{"partialFilterExpression":{"scrape.endTime":null,"scrape.reservationId":{"$gt":""}}})',
    ])
  })
})

/** Half has ended, a third is fresh, some failed, some are held, and of these a tenth is over its time. */
function pageAt(at: number): Document {
  const ago = (ms: number) => new Date(Date.now() - ms)
  const base = { _id: at, price: 5, country: at % 20 === 0 ? 'GR' : 'CY' }
  const held = { reservationId: `w#${at}`, reservationTime: ago(3 * HOUR), endTime: null }
  if (at % 10 >= 5)
    return { ...base, scrape: { ...held, reservationTimes: 1, startTime: ago(HOUR), endTime: ago(HOUR) } }
  if (at % 100 === 1)
    return { ...base, scrape: { ...held, reservationTimes: 1, startTime: ago(at % 1_000 === 1 ? 2 * HOUR : 0) } }
  if (at % 100 === 2) return { ...base, scrape: { ...held, reservationTime: ago(at % 1_000 === 2 ? 2 * HOUR : 0) } }
  if (at % 10 === 3) return { ...base, scrape: { reservationTimes: 1 + (at % 7), reservationId: null, endTime: null } }
  return at % 10 === 4 ? { ...base, scrape: { reservationTimes: 0 } } : base
}

const tokens = (count: number) => Array.from({ length: count }, (_, at) => `w#${at}`)

/** As a person would run them in the shell. */
async function migrate(db: Db, statements: readonly string[]): Promise<void> {
  for (const statement of statements) {
    await new Function('db', `return ${statement}`)({ getCollection: (name: string) => db.collection(name) })
  }
}

function explained(db: Db, { lsid: _, $db, ...question }: Document): Promise<Document> {
  const own = ['find', 'aggregate', 'pipeline', 'filter', 'sort', 'limit', 'projection', 'cursor']
  const asked = Object.fromEntries(Object.entries(question).filter(([name]) => own.includes(name)))
  return db.command({ explain: asked, verbosity: 'executionStats' })
}

interface Work {
  readonly stages: string[]
  readonly indexes: string[]
  readonly keys: number
  readonly documents: number
}

/** Over all parts of a plan, wherever they stand in the server's answer. */
function workOf(explain: Document): Work {
  const stages: string[] = []
  const indexes = new Set<string>()
  const sums = { keys: 0, documents: 0 }
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [name, each] of Object.entries(value)) {
      if (name === 'rejectedPlans' || name === 'allPlansExecution') continue
      if (name === 'stage') stages.push(String(each))
      if (name === 'indexName') indexes.add(String(each))
      if (name === 'totalKeysExamined') sums.keys += Number(each)
      if (name === 'totalDocsExamined') sums.documents += Number(each)
      visit(each)
    }
  }
  visit(explain)
  return { stages, indexes: [...indexes], ...sums }
}
