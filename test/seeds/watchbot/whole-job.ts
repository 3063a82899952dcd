/** One job from its first part to its reduce, as consumers outside and as a worker do it: what each backend must carry. */
import { expect } from 'vitest'
import { job, piecework } from '../../../src/index.ts'
import type { Storage } from '../../../src/storage/index.ts'
import { all, consumer, quiet } from './consumers.ts'

class Corrupt extends Error {}

/** Fails the test that calls it when anything of it is not as it has to be. */
export async function carriesAJob(storage: Storage): Promise<void> {
  await byConsumers(storage)
  await byAWorker(storage)
}

async function byConsumers(storage: Storage): Promise<void> {
  const [one, other] = [consumer({ storage, failOn: [Corrupt] }), consumer({ storage })]
  const metadata = { who: 'me', total: 'mine' }
  const { id } = await one.run(['a', 'b', 'c'], { metadata })
  await other.work.part({ jobId: id, index: 2 }, ({ part }) => part)
  expect([await all(one.work.pendingParts(id)), (await one.work.job(id)).percent]).toEqual([[0, 1], 33])
  await Promise.all([one, other].map(({ work }, index) => work.part({ jobId: id, index }, ({ part }) => part)))
  expect([...one.reduces(), ...other.reduces()]).toEqual([{ subject: 'reduce', jobId: id, metadata }])
  expect(await one.work.job(id)).toMatchObject({ state: 'completed', total: 3, remaining: 0, metadata })

  const failing = await one.run(['a', 'b'])
  const corrupt = one.work.part({ jobId: failing.id, index: 0 }, () => Promise.reject(new Corrupt('bad page')))
  await expect(corrupt).rejects.toThrow('bad page')
  expect((await other.work.part({ jobId: failing.id, index: 1 }, () => 1)).status).toBe('skipped')
}

async function byAWorker(storage: Storage): Promise<void> {
  const lengths = job('lengths', {
    map: ({ part }: { part: string }) => part.length,
    reduce: async ({ results }) => (await all(results)).reduce((sum, length) => sum + length, 0),
  })
  const work = piecework({ storage, definitions: [lengths], logger: quiet })
  await work.start()
  const run = await work.run(lengths, ['one', 'three', 'seven'], { workers: 2 })
  expect(await run.done()).toMatchObject({ state: 'completed', result: 13 })
  await work.stop()
}
