import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type DynamoOptions, dynamodb } from '../../adapters/dynamodb/index.ts'
import type { Row } from '../../src/storage/index.ts'
import { withServer } from '../servers/with-server.ts'
import { type Meter, meterOf } from './fixtures/dynamodb-meter.ts'
import { clientOf, newTable } from './fixtures/dynamodb-tables.ts'
import { completed, manyRows, NOON, wanting } from './fixtures/rows.ts'

const page = readFileSync(new URL('../../docs/dynamodb.md', import.meta.url), 'utf8')

/** The numbers that the page says of one kind of task: `| 3 | 3 |` and so on, behind its name. */
function promised(kind: string): number[] {
  const line = page.split('\n').find((each) => each.startsWith(`| ${kind} |`))
  return (line ?? '').split('|').slice(2, -1).map(Number)
}

const some = 10

await withServer('dynamodb', (server) => {
  async function metered(options: Omit<DynamoOptions, 'table'>) {
    const client = clientOf(server.url)
    const table = await newTable(client)
    const meter = meterOf(client)
    const storage = dynamodb(client, { table, ...options })
    // Agrees on the layout of the table, once for each process.
    await storage.claim(wanting('nobody', 1))
    meter.reset()
    return { meter, storage, client, table }
  }

  function spent(meter: Meter): { units: number; requests: number } {
    const writes = Object.entries(meter.requests).filter(([command]) => !/Query|Get|Scan/.test(command))
    const requests = writes.reduce((sum, [, count]) => sum + count, 0)
    const units = meter.writeUnits
    meter.reset()
    return { units: units / some, requests: requests / some }
  }

  const large = JSON.stringify('x'.repeat(5_000))
  const lean = { listing: false, keepDoneDays: 7 }
  const rows = (fields: Partial<Row>, keyed = false) =>
    manyRows(some, fields).map((row, n) => (keyed ? { ...row, key: `k${n}` } : row))

  test.each([
    ['as it is by default', {}, rows({})],
    ['`listing: false`', { listing: false }, rows({})],
    ['`keepDoneDays: 7`', { keepDoneDays: 7 }, rows({})],
    ['both', lean, rows({})],
    ['by default, with a key', {}, rows({}, true)],
    ['by default, input of 5 KB', {}, rows({ input: large })],
    ['both, input of 5 KB', lean, rows({ input: large })],
  ])(
    'a task costs the write units that docs/dynamodb.md says, in at most two write requests after it was added: %s',
    async (kind, options, tasks) => {
      const { meter, storage } = await metered(options)
      await storage.insert(tasks)
      const add = spent(meter)
      const claimed = await storage.claim(wanting('resize', some))
      const claim = spent(meter)
      await storage.extend(claimed, NOON + 60_000)
      const beat = spent(meter)
      await storage.apply(claimed.map((row) => completed(row)))
      const finish = spent(meter)
      const { rows: done } = await storage.find({ doneBefore: NOON + 1 }, 100)
      meter.reset()
      await storage.apply(done.map((row) => ({ row, next: null })))
      const removal = spent(meter)

      const life = add.units + claim.units + finish.units
      expect([add, claim, beat, finish, removal].map(({ units }) => units).concat(life)).toEqual(promised(kind))
      // A key is let go of, and a large input made to expire, by one request more.
      const more = tasks[0]?.key != null || (tasks[0]?.input === large && 'keepDoneDays' in options) ? 1 : 0
      expect(claim.requests + finish.requests).toBe(2 + more)
    },
  )

  test('a claim of a hundred is one query for each shard, and an idle poll one for each name and shard', async () => {
    const { meter, storage } = await metered({})
    await storage.insert(manyRows(100))
    meter.reset()
    const claimed = await storage.claim(wanting('resize', 100))
    expect([claimed.length, meter.requests.QueryCommand]).toEqual([100, 4])
    meter.reset()
    const wants = ['a', 'b', 'c'].map((name) => ({ name, limit: 10 }))
    await storage.claim({ ...wanting('a', 10), wants })
    expect(meter.requests).toEqual({ QueryCommand: 12 })
    expect(meter.readUnits).toBeLessThanOrEqual(6)
  })

  test('rows of the future cost an idle poll one query more for each priority that has some, however many they are', async () => {
    const { meter, storage } = await metered({ shards: 1 })
    await storage.insert(manyRows(60, { wakeAt: NOON + 1, priority: 2 }))
    await storage.insert(manyRows(60, { wakeAt: NOON + 1, priority: 7 }).map((row) => ({ ...row, id: `b-${row.id}` })))
    meter.reset()
    expect(await storage.claim(wanting('resize', 10))).toEqual([])
    expect(meter.requests).toEqual({ QueryCommand: 3 })
  })

  test('what is left of a claim costs a query for each name and shard, and one more for each priority of others', async () => {
    const { meter, storage } = await metered({})
    await storage.insert(manyRows(40))
    const claimed = await storage.claim(wanting('resize', 40))
    meter.reset()
    const by = { claimedBy: 'worker#1', until: NOON + 30_000, names: ['resize', 'none'] }
    expect((await storage.find(by, 100)).rows).toHaveLength(40)
    expect(meter.requests).toEqual({ QueryCommand: 8, BatchGetItemCommand: 1 })
    await storage.apply(claimed.map((row) => completed(row)))
    await storage.insert(
      manyRows(400, { priority: 3, wakeAt: NOON + 40_000 }).map((row) => ({ ...row, id: `b${row.id}` })),
    )
    meter.reset()
    expect((await storage.find(by, 100)).rows).toEqual([])
    expect(meter.requests).toEqual({ QueryCommand: 12 })
  })

  describe('DB-27 eight claimers at once', () => {
    test('lose few writes to each other, after the first of them', async () => {
      const { meter, client, table, storage } = await metered({})
      for (let n = 0; n < 8; n++) await storage.insert(manyRows(100).map((row) => ({ ...row, id: `${n}-${row.id}` })))
      meter.reset()
      let claimed = 0
      const claimer = async (n: number) => {
        const own = dynamodb(client, { table })
        for (let call = 0; ; call++) {
          const got = await own.claim(wanting('resize', 10, `w${n}#${call}`))
          claimed += got.length
          if (got.length === 0) return
        }
      }
      await Promise.all(Array.from({ length: 8 }, (_, n) => claimer(n)))
      const lostWrites = (meter.requests.UpdateItemCommand ?? 0) - claimed
      console.log(`eight claimers of ${claimed} rows lost ${lostWrites} writes to each other`)
      expect(claimed).toBe(800)
      expect(lostWrites).toBeLessThan(800)
    })
  })
})
