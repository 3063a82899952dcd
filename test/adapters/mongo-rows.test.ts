/** Rows on MongoDB that are odd, many, large or wanted by several at once. */
import { expect, test } from 'vitest'
import { mongo } from '../../adapters/mongo/index.ts'
import { withServer } from '../servers/with-server.ts'
import { freshDatabases } from './fixtures/mongo-client.ts'
import { aRow, completed, manyRows, NOON, wanting } from './fixtures/rows.ts'

const until = NOON + 30_000

await withServer('mongo', ({ url }) => {
  const { newDb } = freshDatabases(url)

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
})
