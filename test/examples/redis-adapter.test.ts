/** The adapter for Redis that somebody wrote from the guide alone: it is short, and the whole suite holds it. */
import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { conformance, model, race, type Subject } from 'piecework/conformance'
import { createClient } from 'redis'
import { afterAll, expect, test } from 'vitest'
import { redis } from '../../examples/redis-adapter/redis.ts'
import { withServer } from '../servers/with-server.ts'
import { root } from './run.ts'

const folder = join(root, 'examples/redis-adapter')

test('it has 250 lines at most', () => {
  const texts = ['redis.ts', 'script.ts'].map((file) => readFileSync(join(folder, file), 'utf8'))
  expect(texts.join('').split('\n').length - 1).toBeLessThanOrEqual(250)
})

await withServer('redis', async ({ url }) => {
  const client = await createClient({ url }).connect()
  afterAll(() => client.destroy())

  let made = 0
  const newPrefix = () => `case-${process.pid}-${++made}`

  async function create(): Promise<Subject> {
    const prefix = newPrefix()
    const open = () => redis(url, { prefix })
    async function cleanup() {
      for await (const keys of client.scanIterator({ MATCH: `{${prefix}}:*`, COUNT: 1000 })) {
        if (keys.length > 0) await client.unlink(keys)
      }
    }
    return { storage: await open(), again: open, cleanup }
  }

  const patient = (name: string, run: () => Promise<void>) => test(name, { timeout: 180_000 }, run)
  conformance({ test, create })
  model({ test: patient, create, histories: 300 })
  race({ test, create })

  const spawnOn = (prefix: string) => () =>
    fork(join(folder, 'holder.ts'), [url, prefix], { execArgv: ['--no-warnings'] })
  race({ test, spawn: spawnOn(newPrefix()), rounds: 100 })
  race({ test, spawn: spawnOn(newPrefix()), rounds: 100, kills: 2, seed: 100 })
})
