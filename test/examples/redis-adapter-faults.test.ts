/** What the suite cannot see of the Redis adapter: a server that dies, is silent, forgets, or is set up otherwise. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { createClient } from 'redis'
import { afterAll, expect, test } from 'vitest'
import { redis } from '../../examples/redis-adapter/redis.ts'
import { aRow, completed, manyRows, NOON, wanting } from '../adapters/fixtures/rows.ts'
import { startWire } from '../servers/wire.ts'
import { withServer } from '../servers/with-server.ts'
import { root, run } from './run.ts'

await withServer('redis', async (server) => {
  const { url } = server
  const client = await createClient({ url })
    .on('error', () => {})
    .connect()
  afterAll(() => client.destroy())

  const notOurs = 'the server is not ours to change'
  const prefix = () => `fault-${randomUUID()}`
  const app = (name: string, tasks: number) =>
    run(join(root, 'examples/redis-adapter/app.ts'), [url, name, String(tasks)], { cwd: root })

  test('CR-01 an app that is killed with kill -9 in the middle is resumed, and each task ends once', async () => {
    const name = prefix()
    const first = app(name, 300)
    await first.printed('completed reader-')
    first.child.kill('SIGKILL')
    expect(await first.ended).toBe('SIGKILL')
    const before = [...first.output().matchAll(/^completed (\S+)$/gm)].map(([, id]) => id)
    expect(before.length).toBeLessThan(300)

    const second = app(name, 300)
    expect(await second.ended, second.output()).toBe(0)
    expect(second.output()).toContain('0 of 300 were new')
    const after = [...second.output().matchAll(/^completed (\S+)$/gm)].map(([, id]) => id)
    // What the first told was stored before it told it, so nobody tells it again.
    expect(after.filter((id) => before.includes(id))).toEqual([])
    const storage = await redis(url, { prefix: name })
    expect(storage.traits.durable).toBe(true)
    expect(await storage.count({ names: ['hello'], upTo: 1000 })).toEqual({
      counts: { hello: { completed: 300 } },
      capped: false,
    })
    await storage.close?.()
  })

  test('DB-04 a server that is killed has every acknowledged write, and work goes on by itself', async ({ skip }) => {
    skip(!server.own, notOurs)
    const storage = await redis(url, { prefix: prefix() })
    let wakes = 0
    await storage.watch?.(() => {
      wakes += 1
    })
    await storage.insert(manyRows(200))
    const claimed = await storage.claim(wanting('resize', 200))
    const acknowledged: string[] = []
    await Promise.allSettled(
      claimed.map(async (row, at) => {
        if (at === 100) await server.kill()
        if ((await storage.apply([completed(row)]))[0] === 'applied') acknowledged.push(row.id)
      }),
    )
    await server.restart()
    const insertLater = async () => storage.insert([aRow('later')])
    await expect.poll(() => insertLater().catch(String)).toMatchObject(['inserted'])
    const rows = await storage.get(acknowledged)
    expect(rows.filter((row) => row?.state !== 'completed')).toEqual([])
    // Those that were not acknowledged: saying it again is told that it stands, or does it now.
    expect(await storage.apply(claimed.map((row) => completed(row)))).toEqual(claimed.map(() => 'applied'))
    const seen = wakes
    await expect
      .poll(async () => {
        await storage.insert([aRow(randomUUID())])
        return wakes
      })
      .toBeGreaterThan(seen)
    await storage.close?.()
  })

  // Both wait for ten seconds.
  test.concurrent('every call ends by itself when the server is silent, with an error that says nothing of the outcome', async () => {
    const wire = await startWire({ host: '127.0.0.1', port: Number(new URL(url).port) })
    const storage = await redis(`redis://127.0.0.1:${wire.port}`, { prefix: prefix() })
    wire.cut()
    const insert = async () => storage.insert([aRow('a')])
    const open = () => redis(`redis://127.0.0.1:${wire.port}`)
    await Promise.all([
      expect(insert()).rejects.toThrow(/^No answer within 10000 ms$/),
      expect(open()).rejects.toMatchObject({ code: 'not_usable' }),
    ])
    await storage.close?.()
    wire.end()
  })

  test.concurrent('a server that is not there is told when the storage is opened', async () => {
    await expect(redis('redis://127.0.0.1:1')).rejects.toMatchObject({ code: 'not_usable' })
  })

  test('a client of the app stays open, and a hint comes through no connection that is left', async () => {
    const name = prefix()
    const storage = await redis(client, { prefix: name })
    await storage.watch?.(() => {})
    await storage.insert([aRow('a')])
    expect(await client.publish(`{${name}}:wake`, '')).toBe(1)
    await storage.close?.()
    await expect.poll(() => client.publish(`{${name}}:wake`, '')).toBe(0)
    expect(await client.ping()).toBe('PONG')
  })

  test('all keys have one hash tag, so that a cluster keeps them on one node', async () => {
    const name = prefix()
    const storage = await redis(client, { prefix: name })
    await storage.insert([aRow('a', { key: 'k', parent: 'p', doneAt: NOON })])
    const keys = await client.keys(`*${name}*`)
    expect(keys.sort()).toEqual([`{${name}}:index`, `{${name}}:row:a`, `{${name}}:schema`])
  })

  test('the keys of a later version are refused, and nothing is written', async () => {
    const name = prefix()
    await client.set(`{${name}}:schema`, '2')
    await expect(redis(client, { prefix: name })).rejects.toMatchObject({ code: 'newer_schema' })
    expect(await client.keys(`{${name}}*`)).toEqual([`{${name}}:schema`])
    expect(await client.get(`{${name}}:schema`)).toBe('2')
  })

  test('a wrong prefix is a TypeError that shows it', async () => {
    await expect(redis(client, { prefix: '{a}' })).rejects.toThrow(/^Expected `prefix` .*got `\{a\}` \(string\)$/)
  })

  test.for([
    ['appendfsync', 'everysec', 'durability', 'warning'],
    ['maxmemory-policy', 'allkeys-lru', 'eviction', 'error'],
  ] as const)('with %s %s the doctor finds that in %s', async ([setting, value, about, level], { skip }) => {
    skip(!server.own, notOurs)
    const { [setting]: usual = '' } = await client.configGet(setting)
    await client.configSet(setting, value)
    try {
      const storage = await redis(client, { prefix: prefix() })
      expect((await storage.doctor?.())?.find((finding) => finding.about === about)).toMatchObject({ level })
      expect(storage.traits.durable).toBe(about !== 'durability')
    } finally {
      await client.configSet(setting, usual)
    }
  })

  test('where the server does not tell its settings, nothing is said to be durable', async ({ skip }) => {
    skip(!server.own, notOurs)
    const name = prefix()
    await client.sendCommand(['ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-config'])
    const { port } = new URL(url)
    const storage = await redis(`redis://app:secret@127.0.0.1:${port}`, { prefix: name })
    expect(storage.traits.durable).toBe(false)
    await storage.close?.()
  })

  test('a server that is out of memory changes nothing of a row that it cannot write', async ({ skip }) => {
    skip(!server.own, notOurs)
    const storage = await redis(client, { prefix: prefix() })
    await storage.insert([aRow('a', { key: 'k' })])
    await client.configSet('maxmemory', '1')
    try {
      await expect(storage.claim(wanting('resize', 1))).rejects.toThrow(/OOM/)
      await expect(storage.insert([aRow('b')])).rejects.toThrow(/OOM/)
    } finally {
      await client.configSet('maxmemory', '0')
    }
    expect(await storage.get(['a', 'b'])).toEqual([aRow('a', { key: 'k' }), undefined])
    expect(await storage.claim(wanting('resize', 1))).toHaveLength(1)
  })
})
