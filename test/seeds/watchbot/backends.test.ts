/** Watchbot: any backend carries a job, one of somebody's own too, and nobody but the app says which. */
import { describe, expect, test, vi } from 'vitest'
import { memory } from '../../../adapters/memory/index.ts'
import { connectTo } from '../../../adapters/template/database/client.ts'
import { startServer } from '../../../adapters/template/database/server.ts'
import { openTemplate } from '../../../adapters/template/index.ts'
import { piecework } from '../../../src/index.ts'
import type { Storage } from '../../../src/storage/index.ts'
import { onEachStorage } from '../../runner/face/kit.ts'
import { consumer } from './consumers.ts'
import { carriesAJob } from './whole-job.ts'

describe('backends', () => {
  onEachStorage('W27 a job runs on the storage that the app passes', carriesAJob)

  test('W27 a job runs on an adapter that is a copy of the template', async () => {
    const server = await startServer()
    const client = await connectTo(server.port)
    await carriesAJob(await openTemplate({ client, prefix: 'seeds_' }))
    client.close()
    server.close()
  })

  test('W28 the seven verbs over rows are all that a backend needs for a whole job', async () => {
    const { traits, insert, claim, extend, apply, get, find, count } = memory()
    const bare: Storage = { traits, insert, claim, extend, apply, get, find, count }
    await carriesAJob(bare)
  })

  test('W29 B11 nothing of a job grows with its parts, so that no backend sets a limit to them', async () => {
    const sizes: number[] = []
    for (const count of [1, 10_001]) {
      const { work, storage, run } = consumer()
      const { id } = await run(Array.from({ length: count }, (_, index) => index))
      await work.part({ jobId: id, index: count - 1 }, () => 1)
      sizes.push(JSON.stringify(await storage.get([id])).length)
    }
    expect(Math.abs(sizes[1]! - sizes[0]!)).toBeLessThan(50)
  })

  test('W29 W30 no backend is chosen by the environment: a storage that is not passed is a TypeError', () => {
    for (const name of ['WorkTopic', 'ProgressTable', 'REDIS_URL', 'DATABASE_URL'])
      vi.stubEnv(name, 'redis://localhost:6379')
    expect(() => piecework({ definitions: [] } as never)).toThrow(TypeError)
    vi.unstubAllEnvs()
  })
})
