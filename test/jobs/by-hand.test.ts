/** What people do to single parts, and what the job makes of it, with no worker to notice. */
import { expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { job, never, piecework, type Storage } from '../../src/index.ts'
import { faulty, manualClock } from '../../src/testing/index.ts'

const quiet = { info() {}, warn() {}, error() {} }
const each = job('each', {
  retry: never(),
  threshold: 1,
  map: ({ index }) => {
    if (index === 1) throw new Error('no such page')
    return index
  },
})

function instance(storage: Storage = memory()) {
  return piecework({ storage, definitions: [each], logger: quiet })
}

test('the cancel of the last open part moves its job on, and the job goes on without it', async () => {
  const work = instance()
  const run = await work.run(each, [0, 1, 2], { id: 'j' })
  for (let part = 0; part < 2; part++) await work.runNext()
  expect(await work.cancel('j/2')).toBe(true)
  await work.drain()
  expect(await run.done()).toMatchObject({ state: 'completed', remaining: 0 })
})

test('a part that is done goes on with its job only', async () => {
  const work = instance()
  await work.run(each, [0, 1], { id: 'j' })
  await work.drain()
  expect(await work.get('j/1')).toMatchObject({ state: 'failed' })
  expect(await work.retry('j/1')).toBe(false)
  expect(await work.retry('j/0')).toBe(false)
  expect(await work.release('j/1')).toBe(false)
})

test('a job that is cancelled skips its parts at once, where nobody works as well', async () => {
  const work = instance()
  const run = await work.run(each, [0, 1, 2], { workers: 1 })
  const cancelled: string[] = []
  work.on('cancelled', ({ id }) => void cancelled.push(id))
  expect(await run.cancel()).toBe(true)
  const parts = await Promise.all([0, 1, 2].map((index) => work.get(`${run.id}/${index}`)))
  expect(parts.map((part) => part?.state)).toEqual(['skipped', 'skipped', 'skipped'])
  expect(cancelled).toEqual([run.id])
})

test('who waits for a job gets through an outage, and is told when the instance is closed', async () => {
  const clock = manualClock()
  let failures = 0
  const storage = faulty(memory(), (verb) => (verb === 'get' && failures-- > 0 ? 'before' : 'pass'))
  const work = piecework({ storage, definitions: [each], logger: quiet, clock })
  const run = await work.run(each, [0])
  const done = run.done()
  done.catch(() => {})
  failures = 5
  await clock.tick('10s')
  await work.start()
  await clock.tick('1m')
  expect((await done).state).toBe('completed')

  const other = (await work.run(each, [0], { id: 'later' })).done()
  other.catch(() => {})
  await work.close()
  await clock.tick('1m')
  await expect(other).rejects.toMatchObject({ name: 'PieceworkError' })
})

test('a purge and a retry of the same job: the job is gone, and never without its parts', async () => {
  const storage = memory()
  const work = instance(storage)
  const run = await work.run(each, [0, 1, 2], { id: 'j' })
  await run.cancel()
  let retried: boolean | undefined
  const between = instance({
    ...storage,
    async apply(changes) {
      // Its parts are gone, and it is not yet.
      if (changes.some(({ row, next }) => row.id === 'j' && next === null)) retried ??= await work.retry('j')
      return storage.apply(changes)
    },
  })
  expect(await between.purge()).toMatchObject({ cancelled: 1 })
  expect(retried).toBe(false)
  await expect(work.job('j')).rejects.toMatchObject({ code: 'not_found' })
})
