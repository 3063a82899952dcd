import { GetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import { dynamodb } from '../../adapters/dynamodb/index.ts'
import { shardOf } from '../../adapters/dynamodb/layout.ts'
import { cases, conformance } from '../../src/conformance/index.ts'
import { withServer } from '../servers/with-server.ts'
import { aroundRequests } from './fixtures/dynamodb-interrupted.ts'
import { clientOf, newTable } from './fixtures/dynamodb-tables.ts'
import { aRow, completed, manyRows, NOON, wanting } from './fixtures/rows.ts'

const large = JSON.stringify('x'.repeat(2_000))
const daySeconds = 86_400

test('DB-27 ids of one name, however alike, are spread evenly over the shards', () => {
  for (const shards of [2, 4, 7, 64]) {
    const counts = Array(shards).fill(0) as number[]
    for (const { id } of manyRows(shards * 1_000)) counts[shardOf(id, shards)]! += 1
    expect(Math.min(...counts)).toBeGreaterThan(700)
    expect(Math.max(...counts)).toBeLessThan(1_300)
  }
})

await withServer('dynamodb', (server) => {
  const client = clientOf(server.url)

  async function itemsIn(table: string) {
    const { Items } = await client.send(new ScanCommand({ TableName: table, ConsistentRead: true }))
    return (Items ?? []).filter((item) => item.pk?.S !== 'meta')
  }

  async function itemOf(table: string, id: string) {
    const Key = { pk: { S: `r#${id}` }, sk: { S: 'r' } }
    return (await client.send(new GetItemCommand({ TableName: table, Key }))).Item
  }

  describe('where the index does not lag, the order is exact', () => {
    const isOrder = (name: string) => name.startsWith('claim order')
    const create = async () => {
      const storage = dynamodb(client, { table: await newTable(client) })
      return { ...storage, traits: { ...storage.traits, order: 'exact' as const } }
    }
    conformance({ test: (name, run) => void (isOrder(name) && test(name, () => run())), create })
    test('which several cases show', () => expect(cases.filter(({ name }) => isOrder(name)).length).toBeGreaterThan(5))
  })

  describe('a large input', () => {
    test('lies in an item of its own, which goes with its row', async () => {
      const table = await newTable(client)
      const storage = dynamodb(client, { table })
      const row = aRow('job/1', { parent: 'job', input: large })
      await storage.insert([row])
      expect((await itemsIn(table)).map((item) => [item.pk?.S, item.input?.S?.length])).toEqual(
        expect.arrayContaining([
          ['r#job', undefined],
          ['i#job/1', large.length],
        ]),
      )
      expect((await storage.find({ parent: 'job' }, 10)).rows).toEqual([row])
      const [claimed] = await storage.claim(wanting('resize', 1))
      expect(claimed).toEqual({ ...row, ...claimed, input: large })
      await storage.apply([{ row: claimed!, next: null }])
      expect(await itemsIn(table)).toEqual([])
    })

    test('of an insert that is refused leaves nothing behind', async () => {
      const table = await newTable(client)
      const storage = dynamodb(client, { table })
      await storage.insert([aRow('a', { key: 'k' })])
      const refused = [aRow('a', { input: large }), aRow('b', { input: large, key: 'k' })]
      expect(await storage.insert(refused)).toEqual([{ duplicate: 'a' }, { duplicate: 'a' }])
      expect((await itemsIn(table)).map((item) => item.pk?.S).sort()).toEqual(['k#k', 'r#a'])
    })

    test('that goes, or is another, between two reads is never mixed up with the row that was read', async () => {
      const watched = clientOf(server.url)
      const table = await newTable(client)
      const [storage, other] = [dynamodb(watched, { table }), dynamodb(client, { table })]
      const row = aRow('a', { input: large })
      let meanwhile: (() => Promise<unknown>) | undefined
      let reads = 0
      aroundRequests(watched, async ({ command }, send) => {
        if (command === 'BatchGetItemCommand' && ++reads === 2) await meanwhile?.()
        return send()
      })
      await storage.insert([row])
      meanwhile = async () => other.apply([{ row, next: null }])
      expect(await storage.get(['a'])).toEqual([undefined])

      await storage.insert([row])
      reads = 0
      const second = { ...row, input: JSON.stringify('y'.repeat(3_000)), rev: NOON + 7 }
      meanwhile = async () => {
        await other.apply([{ row, next: null }])
        await other.insert([second])
      }
      expect(await storage.get(['a'])).toEqual([second])
    })
  })

  test('DB-26 a row of rowMaxBytes fits beside the longest of everything else, wherever its bytes are', async () => {
    const storage = dynamodb(client, { table: await newTable(client) })
    const { rowMaxBytes } = storage.traits
    const text = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`
    const longest = { name: 'n'.repeat(250), holder: 'h'.repeat(250), state: 's'.repeat(50), key: '\uffee'.repeat(399) }
    for (const [at, inputBytes] of [20, rowMaxBytes - 20, rowMaxBytes / 2].entries()) {
      const fields = {
        ...longest,
        input: text(inputBytes),
        memo: text(rowMaxBytes - inputBytes),
        key: longest.key + at,
      }
      const row = aRow(`${'i'.repeat(249)}${at}`, fields)
      expect(await storage.insert([row])).toEqual(['inserted'])
      expect(await storage.get([row.id])).toEqual([row])
      const [claimed] = await storage.claim(wanting(row.name, 1, `w#${at}`))
      expect(await storage.apply([completed(claimed!, { memo: row.memo })])).toEqual(['applied'])
      expect((await storage.find({ doneBefore: NOON + 1 }, 10)).rows.some(({ id }) => id === row.id)).toBe(true)
    }
  })

  test('a page of parts that are too large for one answer is short, and leads on', async () => {
    const storage = dynamodb(client, { table: await newTable(client) })
    const memo = JSON.stringify('x'.repeat(300_000))
    const rows = Array.from({ length: 16 }, (_, n) => aRow(`job/${n + 10}`, { parent: 'job', memo }))
    await storage.insert(rows)
    const found: string[] = []
    let after: string | null | undefined
    let pages = 0
    do {
      const page = await storage.find({ parent: 'job', ...(after ? { after } : {}) }, 100)
      found.push(...page.rows.map(({ id }) => id))
      after = page.after
      pages += 1
    } while (after !== null)
    expect(found).toEqual(rows.map(({ id }) => id))
    expect(pages).toBeGreaterThan(1)
    expect((await storage.get(rows.map(({ id }) => id))).every((row) => row?.memo === memo)).toBe(true)
  })

  test('PL-07 reserved words, an empty key, an empty holder and very long numbers are kept as they are', async () => {
    const storage = dynamodb(client, { table: await newTable(client) })
    const words = ['SELECT', 'table', 'key', 'NAME', 'status', '#pk', ':seen', 'attribute_not_exists(pk)']
    const rows = words.map((word) =>
      aRow(word, { name: word, state: word, holder: '', rev: Number.MAX_SAFE_INTEGER - 9 }),
    )
    await storage.insert([...rows, aRow('empty', { key: '' })])
    expect(await storage.get(words)).toEqual(rows)
    expect((await storage.find({ key: '' }, 1)).rows[0]?.id).toBe('empty')
    for (const word of words) {
      const [claimed] = await storage.claim(wanting(word, 1, ':next'))
      expect(claimed).toMatchObject({ id: word, state: word, holder: ':next', rev: Number.MAX_SAFE_INTEGER - 8 })
    }
  })

  describe('DB-25 keepDoneDays', () => {
    test('lets finished rows expire and nothing else, and a row that is past it but still there is just there', async () => {
      const table = await newTable(client)
      const storage = dynamodb(client, { table, keepDoneDays: 0.5 })
      await storage.insert([aRow('a'), aRow('b', { wakeAt: null })])
      const [claimed] = await storage.claim(wanting('resize', 1))
      await storage.extend([claimed!], NOON + 60_000)
      expect((await itemsIn(table)).filter((item) => item.expires !== undefined)).toEqual([])
      await storage.apply([completed(claimed!)])
      const item = await itemOf(table, 'a')
      expect(item?.expires).toEqual({ N: String(NOON / 1000 + daySeconds / 2) })
      expect(item?.due).toBeUndefined()
      // Noon is long past, by any clock of today or not: nothing looks at `expires`.
      expect((await storage.find({ doneBefore: NOON + 1 }, 10)).rows.map(({ id }) => id)).toEqual(['a'])
      expect(await storage.insert([aRow('a')])).toEqual([{ duplicate: 'a' }])
    })

    test('lets a large input expire after its row, and keeps it when the row comes back to life', async () => {
      const table = await newTable(client)
      const storage = dynamodb(client, { table, keepDoneDays: 7 })
      await storage.insert([aRow('a', { input: large })])
      const [claimed] = await storage.claim(wanting('resize', 1))
      await storage.apply([completed(claimed!)])
      const expiries = async () =>
        (await itemsIn(table)).map((item) => [item.pk?.S?.slice(0, 1), Number(item.expires?.N ?? 0)]).sort()
      const end = NOON / 1000 + 7 * daySeconds
      expect(await expiries()).toEqual([
        ['i', end + 30 * daySeconds],
        ['r', end],
      ])
      const [done] = await storage.get(['a'])
      const again = completed(done!, { state: 'waiting', wakeAt: NOON, doneAt: null })
      expect(await storage.apply([again])).toEqual(['applied'])
      expect(await expiries()).toEqual([
        ['i', 0],
        ['r', 0],
      ])
      expect((await storage.claim(wanting('resize', 1, 'worker#2')))[0]?.input).toBe(large)
    })
  })
})
