/** Watchbot: what is known of a job and of its parts, and what is gone when they are removed. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../../adapters/memory/index.ts'
import { PieceworkError } from '../../../src/index.ts'
import type { Storage } from '../../../src/storage/index.ts'
import { manualClock } from '../../../src/testing/index.ts'
import { onEachStorage, rejection, rowsIn } from '../../runner/face/kit.ts'
import { all, consumer } from './consumers.ts'

class Corrupt extends Error {}

describe('the status of a job', () => {
  test('W35 the share that is done is exact, and the percentage never says 100 before the end', async () => {
    const { work, run } = consumer()
    const { id } = await run([1, 2, 3])
    await work.part({ jobId: id, index: 0 }, () => 1)
    expect(await work.job(id)).toMatchObject({ total: 3, remaining: 2, fraction: 1 / 3, percent: 33 })

    const many = await run(Array.from({ length: 1_000 }, (_, index) => index))
    for (let index = 0; index < 999; index++) await work.part({ jobId: many.id, index }, () => 1)
    expect(await work.job(many.id)).toMatchObject({ remaining: 1, fraction: 0.999, percent: 99 })
    await work.part({ jobId: many.id, index: 999 }, () => 1)
    expect(await work.job(many.id)).toMatchObject({ remaining: 0, fraction: 1, percent: 100 })
  })

  onEachStorage('W36 whether it failed is always said, and why only of one that did', async (storage) => {
    const { work, run } = consumer({ storage, failOn: [Corrupt] })
    const { id } = await run(['a'])
    const sound = await work.job(id)
    expect([sound.failed, sound.failure]).toEqual([false, undefined])
    await expect(work.part({ jobId: id, index: 0 }, () => Promise.reject(new Corrupt('bad')))).rejects.toThrow()
    expect(await work.job(id)).toMatchObject({ failed: true, failure: { part: 0, error: { message: 'bad' } } })
  })

  onEachStorage(
    'W37 B11 B12 a part has a status of its own, part 0 and those of a finished job too',
    async (storage) => {
      const { work, run } = consumer({ storage })
      const { id } = await run(['a', 'b'])
      const statesOf = async () => [(await work.get(`${id}/0`))?.state, (await work.get(`${id}/1`))?.state]
      await work.part({ jobId: id, index: 0 }, () => 1)
      expect(await statesOf()).toEqual(['completed', 'waiting'])
      await work.part({ jobId: id, index: 1 }, () => 1)
      expect(await statesOf()).toEqual(['completed', 'completed'])
      expect(await work.get(`${id}/2`)).toBeUndefined()
    },
  )

  onEachStorage('B9 metadata with the names of what a status says stays beside it', async (storage) => {
    const metadata = { total: 'mine', failed: true, error: { deep: [1, 'two', null] }, remaining: -1, state: 'mine' }
    const { work, run } = consumer({ storage })
    const { id } = await run(['a'], { metadata })
    const info = await work.job(id)
    expect(info).toMatchObject({ total: 1, remaining: 1, failed: false, state: 'mapping' })
    expect(info.metadata).toEqual(metadata)
    const report = await work.part({ jobId: id, index: 0 }, (context) => context.metadata)
    expect(report).toEqual({ status: 'completed', result: metadata })
    expect(await work.job(id)).toMatchObject({ total: 1, failed: false, state: 'completed', metadata })
  })

  onEachStorage('B11 the pending parts of a job are all there, however many pages they fill', async (storage) => {
    const { work, run } = consumer({ storage })
    const parts = Array.from({ length: 2 * storage.traits.batchMax + 101 }, (_, index) => index)
    const [count, done] = [parts.length, [0, 500, parts.length - 1]]
    const { id } = await run(parts)
    for (const index of done) await work.part({ jobId: id, index }, () => 1)
    expect(await all(work.pendingParts(id))).toEqual(parts.filter((index) => !done.includes(index)))
    expect(await work.job(id)).toMatchObject({ total: count, remaining: count - 3 })
  })

  test('W38 W40 of a job that there is not: an error with a code, from each that asks', async () => {
    const { work } = consumer()
    const asked = [work.job('none'), all(work.pendingParts('none')), work.part({ jobId: 'none', index: 0 }, () => 1)]
    for (const answer of asked) {
      const error = await rejection(answer)
      expect([error, (error as PieceworkError).code]).toEqual([expect.any(PieceworkError), 'not_found'])
    }
    // What was never an id is the caller's mistake.
    expect(await rejection(work.job(7 as never))).toBeInstanceOf(TypeError)
  })
})

describe('removing jobs', () => {
  onEachStorage(
    'W33 W34 a job stays with its parts until it is purged, and is unknown from then on',
    async (storage) => {
      const { work, run } = consumer({ storage })
      const { id } = await run(['a', 'b'])
      for (const index of [0, 1]) await work.part({ jobId: id, index }, () => index)
      await work.drain()
      expect((await work.get(`${id}/1`))?.result).toBe(1)
      expect(await work.purge()).toEqual({ completed: 1, failed: 0, cancelled: 0 })
      expect(await rowsIn(storage)).toBe(0)
      for (const answer of [work.job(id), all(work.pendingParts(id)), work.part({ jobId: id, index: 0 }, () => 1)]) {
        expect(await rejection(answer)).toMatchObject({ code: 'not_found' })
      }
    },
  )

  onEachStorage('B2 a purge takes nothing of a job that is not over, not even finished parts', async (storage) => {
    const { work, run, reduces } = consumer({ storage })
    const { id } = await run(['a', 'b'])
    await work.part({ jobId: id, index: 0 }, () => 'kept')
    expect(await work.purge()).toEqual({ completed: 0, failed: 0, cancelled: 0 })
    expect(await work.part({ jobId: id, index: 1 }, () => work.purge())).toMatchObject({ status: 'completed' })
    expect((await work.get(`${id}/0`))?.result).toBe('kept')
    expect(reduces()).toHaveLength(1)
  })

  test('W39 a job whose removal was broken off is still known, and can be removed again', async () => {
    const storage = memory()
    const clock = manualClock()
    const { work, run } = consumer({ storage, clock })
    const { id } = await run(['a', 'b'])
    for (const index of [0, 1]) await work.part({ jobId: id, index }, () => index)
    const apply: Storage['apply'] = (changes) => {
      if (changes.some(({ row, next }) => row.id === id && next === null)) throw new Error('gone at the job itself')
      return storage.apply(changes)
    }
    const broken = consumer({ storage: { ...storage, apply }, clock })
    await expect(broken.work.purge()).rejects.toThrow('gone at the job itself')
    expect(await work.get(`${id}/0`)).toBeUndefined()
    expect(await work.job(id)).toMatchObject({ id, state: 'completed', total: 2, remaining: 0 })
    expect(await work.purge()).toMatchObject({ completed: 1 })
    await expect(work.job(id)).rejects.toMatchObject({ code: 'not_found' })
  })
})
