/** MongoDB killed while rows are written: what it acknowledged is there when it is back. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from 'mongodb'
import { expect, test } from 'vitest'
import { Acknowledgement } from '../../adapters/mongo/acknowledgement.ts'
import { aRow } from '../adapters/fixtures/rows.ts'
import { mongoPlace, openAt } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'

const kills = 6
const lines = 4

await withServer('mongo', (server) => {
  test(`DB-04 DB-17 a server killed ${kills} times: no row that was acknowledged is lost`, {
    timeout: 60_000,
  }, async ({ skip }) => {
    if (!server.own) skip(`the server that ${server.source} names is not ours to kill`)
    const address = mongoPlace(server.url).fresh()
    const acknowledged: string[] = []
    for (let kill = 0; kill < kills; kill++) {
      const storage = await openAt(address)
      const before = acknowledged.length
      const dying = Array.from({ length: lines }, async (_, line) => {
        for (let count = 0; ; count++) {
          const id = `${kill}-${line}-${count}`
          const [result] = await storage.insert([aRow(id)])
          if (result === 'inserted') acknowledged.push(id)
        }
      })
      const over = Promise.allSettled(dying)
      await expect.poll(() => acknowledged.length, { timeout: 10_000 }).toBeGreaterThan(before + 100)
      // In the middle of whatever the server does every 100 ms.
      await sleep(kill * 23)
      await server.kill()
      await over
      await storage.close?.()
      await server.restart()
    }
    const storage = await openAt(address)
    const there = new Set<string>()
    for (let from = 0; from < acknowledged.length; from += 500) {
      for (const row of await storage.get(acknowledged.slice(from, from + 500))) if (row) there.add(row.id)
    }
    await storage.close?.()
    expect(acknowledged.filter((id) => !there.has(id))).toEqual([])
    console.log(`${acknowledged.length} rows were acknowledged in ${kills} kills`)
  })
})

test('DB-17 a standalone server that became a replica set is not believed, and a majority is asked from then on', async () => {
  const asked: object[] = []
  const command = async (sent: object) => {
    asked.push(sent)
    return { ok: 1 }
  }
  const db = { command } as unknown as Db
  const acknowledgement = new Acknowledgement()
  expect(await acknowledgement.concern(db)).toEqual({ w: 1, j: true })
  await acknowledgement.check({ n: 1 })
  await expect(acknowledgement.check({ n: 1, operationTime: 1 })).rejects.toThrow('has become a replica set')
  expect(await acknowledgement.concern(db)).toEqual({ w: 'majority', j: true })
  await acknowledgement.check({ n: 1, operationTime: 2 })
  expect(asked).toEqual([{ hello: 1 }])
})

test('a server that cannot say what it is may be a part of more: a majority is asked', async () => {
  const refusing = { command: () => Promise.reject(Object.assign(new Error('no such command'), { code: 59 })) }
  expect(await new Acknowledgement().concern(refusing as unknown as Db)).toMatchObject({ w: 'majority' })
  const away = { command: () => Promise.reject(new Error('read ECONNRESET')) }
  const acknowledgement = new Acknowledgement()
  await expect(acknowledgement.concern(away as unknown as Db)).rejects.toThrow('ECONNRESET')
  const alone = { command: async () => ({ ok: 1 }) }
  expect(await acknowledgement.concern(alone as unknown as Db)).toMatchObject({ w: 1 })
})
