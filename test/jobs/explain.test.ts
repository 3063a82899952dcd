/** What `explain` says of a job, for a person to read. */
import { expect, test } from 'vitest'
import { fixed, job } from '../../src/index.ts'
import { kit } from '../runner/face/kit.ts'

class Corrupt extends Error {
  override name = 'Corrupt'
}

const pages = job('pages', {
  retry: fixed({ maxAttempts: 2, delay: '10m' }),
  failOn: [Corrupt],
  map: ({ part }: { part: string }) => {
    if (part === 'bad') throw new Corrupt('no page')
  },
  reduce: ({ metadata }: { metadata: { fails?: boolean } }) => {
    if (metadata.fails) throw new Error('no disk')
  },
})

test('a job whose parts are being added, and one that waits for them', async () => {
  const { work } = kit([pages])
  let explained = ''
  async function* parts() {
    yield 'a'
    explained = await work.explain('j')
    yield 'b'
  }
  await work.run(pages, parts(), { id: 'j', metadata: {}, workers: 1 })
  expect(explained).toBe(
    'Job j (pages) is open: its parts are still being added. Of those that are there 0 remain. At most 1 run at once.',
  )
  expect(await work.explain('j')).toBe('Job j (pages) waits for its parts: 2 of 2 remain. At most 1 run at once.')
  expect(await work.explain('j/1')).toContain('Task j/00000001 (pages) is held')
})

test('a job that waits for its reduce, and one that is over', async () => {
  const { work, clock } = kit([pages])
  await work.run(pages, ['a'], { id: 'late', metadata: { fails: true } })
  await work.run(pages, ['a'], { id: 'good', metadata: {} })
  await work.run(pages, ['a', 'bad'], { id: 'bad', metadata: {} })
  await work.drain()
  await work.run(pages, ['a'], { id: 'gone', metadata: {} })
  await work.cancel('gone')
  await clock.tick('2m')
  expect(await work.explain('late')).toBe(
    'Job late (pages) has all of its parts done (1). Its reduce runs, or will be tried again in 8m. Attempts so far: 1. ' +
      'Last error, at attempt 1: Error: no disk.',
  )
  expect(await work.explain('good')).toBe('Job good (pages) was completed 2m ago.')
  expect(await work.explain('bad')).toBe('Job bad (pages) failed 2m ago, by part 1: Corrupt: no page')
  expect(await work.explain('gone')).toBe('Job gone (pages) was cancelled 2m ago.')
  await clock.tick('10m')
  expect(await work.explain('late')).toContain('Its reduce has been due for 2m.')
  await work.drain()
  expect(await work.explain('late')).toBe('Job late (pages) failed 0ms ago, by its reduce: Error: no disk')
})
