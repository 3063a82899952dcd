/** Holds the adapter to the published suite. Copy it; any runner's `test` will do: of vitest, node:test, mocha, jest. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { conformance, model, race, type Subject } from 'piecework/conformance'
import { afterAll, test } from 'vitest'
import { connectTo } from './database/client.ts'
import { startServer } from './database/server.ts'
import { openTemplate } from './index.ts'

// REPLACE: one server for the file, started before the first test. Never the developer's own one with data in it.
const server = await startServer()
const client = await connectTo(server.port)
afterAll(() => {
  client.close()
  server.close()
})

// A prefix for each case: `create` is called for every case and every history, and each MUST begin empty. What lies under
// it goes in `cleanup`: some databases have no `drop` and must look for it, as with `SCAN` in Redis.
let made = 0
const newPrefix = () => `t${++made}_`

async function create(): Promise<Subject> {
  const prefix = newPrefix()
  const open = () => openTemplate({ port: server.port, prefix })
  // `again` opens the same rows as another process would: without it the cases on `shared` and `durable` are skipped.
  return { storage: await open(), again: open, cleanup: () => client.drop(prefix) }
}

conformance({ test, create })

// 1000 histories are the default; 200 are for when each call is a round trip. Let it run with 5000 once before a release.
model({ test, create, histories: 200 })

race({ test, create })

// Real processes, and some that are killed in the middle of a write.
const holder = fileURLToPath(new URL('./holder.ts', import.meta.url))
const spawnOn = (prefix: string) => () => fork(holder, [`${server.port}`, prefix], { execArgv: ['--no-warnings'] })

race({ test, spawn: spawnOn(newPrefix()), rounds: 100 })
race({ test, spawn: spawnOn(newPrefix()), rounds: 100, kills: 2, seed: 100 })
