import { fork } from 'node:child_process'
import { afterAll, describe, expect, test } from 'vitest'
import { conformance, model, race } from '../../src/conformance/index.ts'
import { oneFile } from '../servers/one-file.ts'
import { withServer } from '../servers/with-server.ts'
import { dropSchemas, freshStorage, newSchema, pg } from './fixtures/postgres-subject.ts'

const holder = await oneFile(new URL('./fixtures/postgres-holder.ts', import.meta.url))

await withServer('postgres', ({ url }) => {
  const asker = new pg.Pool({ connectionString: url, max: 4 })
  const shared = new pg.Pool({ connectionString: url })
  afterAll(async () => {
    await dropSchemas(asker)
    await Promise.all([asker.end(), shared.end()])
  })

  const modes = [
    ['a URL', () => freshStorage(url, asker), 40],
    ["the app's pool", () => freshStorage(shared, asker), 50],
  ] as const

  describe.each(modes)('%s', (_, create, histories) => {
    conformance({ test, create })
    model({ test, create, histories })
    race({ test, create, rounds: 60 })
  })

  describe('processes that share a schema', () => {
    const spawnOn = (schema: string, flaw = 'none') => {
      return () => fork(holder, [url, schema, flaw], { execArgv: ['--no-warnings'] })
    }

    race({ test, spawn: spawnOn(newSchema()), rounds: 100 })
    race({ test, spawn: spawnOn(newSchema()), rounds: 100, kills: 2, seed: 100 })

    test('are found out when apply is not checked', async () => {
      const runs: Promise<void>[] = []
      race({ test: (_, run) => runs.push(run()), spawn: spawnOn(newSchema(), 'apply is not checked'), rounds: 60 })
      await expect(Promise.all(runs)).rejects.toThrow(
        /writes made rev|not what the log makes|false stale|which is stored/,
      )
    })
  })
})
