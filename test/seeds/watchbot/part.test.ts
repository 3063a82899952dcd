/** Watchbot: processing a part. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../../adapters/memory/index.ts'
import { type Announcement, job, PieceworkError, piecework } from '../../../src/index.ts'
import { manualClock } from '../../../src/testing/index.ts'
import { gate, onEachStorage, rejection } from '../../runner/face/kit.ts'
import { proc } from '../../runner/kit.ts'
import { all, consumer, quiet } from './consumers.ts'

class Corrupt extends Error {}
class VeryCorrupt extends Corrupt {}

const corrupt = () => Promise.reject(new Corrupt('bad page'))

describe('processing a part', () => {
  onEachStorage('W11 a part that ends well is kept with its result, and one less remains', async (storage) => {
    const { work, run, reduces } = consumer({ storage })
    const { id } = await run(['a', 'b', 'c'])
    await work.part({ jobId: id, index: 1 }, ({ part }) => `${part} done`)
    expect(await work.get(`${id}/1`)).toMatchObject({ state: 'completed', result: 'b done' })
    expect([await all(work.pendingParts(id)), reduces()]).toEqual([[0, 2], []])
  })

  onEachStorage('W12 a failed part changes nothing for the job, and the others go on', async (storage) => {
    const { work, run, reduces } = consumer({ storage, failOn: [VeryCorrupt] })
    const { id } = await run(['a', 'b'])
    const error = new Error('no network')
    // As often as whoever brings it likes: nothing here counts the tries.
    for (let delivery = 0; delivery < 12; delivery++) {
      expect(await rejection(work.part({ jobId: id, index: 0 }, () => Promise.reject(error)))).toBe(error)
    }
    await work.part({ jobId: id, index: 1 }, () => 1)
    expect(await work.job(id)).toMatchObject({ state: 'mapping', failed: false, failure: undefined, remaining: 1 })
    await work.part({ jobId: id, index: 0 }, () => 1)
    expect(reduces()).toHaveLength(1)
  })

  test('W12 what is thrown comes back as it is, whatever it is', async () => {
    const { work, run } = consumer()
    const { id } = await run(['a'])
    for (const thrown of [undefined, null, 'text', 7, { code: 1 }]) {
      const caught = await work
        .part({ jobId: id, index: 0 }, () => Promise.reject(thrown))
        .then(
          () => 'nothing',
          (error) => ({ error }),
        )
      expect(caught).toEqual({ error: thrown })
    }
  })

  test.each([
    ['takes the class itself', true, new Corrupt('bad')],
    ['takes a subclass', true, new VeryCorrupt('bad')],
    ['leaves a class that it extends', false, new Error('bad')],
    ['leaves one that only says so', false, Object.assign(new Error('bad'), { name: 'Corrupt' })],
    ['leaves what is no error', false, 'bad'],
  ])('W13 failOn %s, and the error is still thrown', async (_, fails, thrown) => {
    const { work, run } = consumer({ failOn: [Corrupt] })
    const { id } = await run(['a', 'b'])
    const caught = work.part({ jobId: id, index: 0 }, () => Promise.reject(thrown))
    expect(await caught.catch((error) => error)).toBe(thrown)
    expect((await work.job(id)).failed).toBe(fails)
  })

  onEachStorage(
    'W14 B13 the parts of a failed job are skipped, also by those who know of no failOn',
    async (storage) => {
      const strict = consumer({ storage, failOn: [Corrupt] })
      const lax = consumer({ storage })
      const { id } = await strict.run(['a', 'b', 'c'])
      await expect(strict.work.part({ jobId: id, index: 1 }, corrupt)).rejects.toThrow('bad page')
      for (const index of [0, 1, 2]) {
        for (const { work } of [strict, lax]) {
          expect(await work.part({ jobId: id, index }, () => expect.unreachable())).toEqual({ status: 'skipped' })
        }
      }
    },
  )

  test('W14 a consumer that dies before its failure reached the job: the part brought again fails the job', async () => {
    const [storage, clock] = [memory(), manualClock()]
    const pages = job('pages', { failOn: [Corrupt], announce: () => {} })
    const other = proc([pages], { storage, clock })
    const { id } = await other.work.run(pages, ['a', 'b'])
    const death = gate()
    const victim = proc([pages], {
      storage,
      clock,
      onCall: (verb, when) => {
        if (verb !== 'apply' || when !== 'after' || storage.get([`${id}/00000000`])[0]?.state !== 'failed') return
        victim.kill()
        death.open()
      },
    })
    void victim.work.part({ jobId: id, index: 0 }, corrupt)
    await death.opened
    expect((await other.work.job(id)).failed).toBe(false)
    expect((await other.work.part({ jobId: id, index: 0 }, () => expect.unreachable())).status).toBe('skipped')
    expect(await other.work.job(id)).toMatchObject({
      failed: true,
      failure: { part: 0, error: { message: 'bad page' } },
    })
    expect((await other.work.part({ jobId: id, index: 1 }, () => expect.unreachable())).status).toBe('skipped')
  })

  test('W15 the first failure is kept, with its part, its message and its time', async () => {
    const clock = manualClock()
    const { work, run } = consumer({ clock, failOn: [Corrupt] })
    const { id } = await run(['a', 'b'])
    const { opened, open } = gate()
    const late = work.part({ jobId: id, index: 0 }, () => opened.then(() => Promise.reject(new Corrupt('later'))))
    const at = clock.now()
    await expect(work.part({ jobId: id, index: 1 }, corrupt)).rejects.toThrow('bad page')
    await clock.tick('1s')
    open()
    await expect(late).rejects.toThrow('later')
    expect((await work.job(id)).failure).toEqual({ part: 1, error: { name: 'Corrupt', message: 'bad page', at } })
  })

  test('W16 the message of a part is its place: the other fields are ignored', async () => {
    const { work, run, maps } = consumer()
    const { id } = await run(['a', 'b'], { metadata: { who: 'me' } })
    const seen: unknown[] = []
    for (const message of maps()) {
      const sent = { ...JSON.parse(JSON.stringify(message)), receipt: 'r-1' }
      await work.part(
        { ...sent },
        ({ jobId, index, part, metadata }) => void seen.push({ jobId, index, part, metadata }),
      )
    }
    expect(seen).toEqual(['a', 'b'].map((part, index) => ({ jobId: id, index, part, metadata: { who: 'me' } })))
  })

  test('W17 a reduce of the definition takes the place of the message', async () => {
    const messages: Announcement[] = []
    const reduced: unknown[] = []
    const pages = job('pages', {
      announce: (message: Announcement) => void messages.push(message),
      reduce: async ({ jobId, metadata, results }) => {
        reduced.push({ jobId, metadata, results: await all(results) })
        return 'merged'
      },
    })
    const work = piecework({ storage: memory(), definitions: [pages], logger: quiet })
    const { id } = await work.run(pages, ['a', 'b'], { metadata: { who: 'me' } })
    for (const index of [1, 0]) await work.part({ jobId: id, index }, ({ part }) => `${part} done`)
    expect(reduced).toEqual([{ jobId: id, metadata: { who: 'me' }, results: ['a done', 'b done'] }])
    expect(messages.map(({ subject }) => subject)).toEqual(['map', 'map'])
    expect(await work.job(id)).toMatchObject({ state: 'completed', result: 'merged' })
  })

  test('W19 the job and the part are named, so that no order of arguments can be wrong', async () => {
    const { work, run } = consumer()
    const { id } = await run(['a', 'b'])
    expect((await work.part({ jobId: id, index: 0 }, () => 1)).status).toBe('completed')
    expect((await work.part({ index: 1, jobId: id }, () => 1)).status).toBe('completed')
    const body = () => expect.unreachable()
    for (const bad of [id, 0, null, undefined, { jobId: 0, index: id }, { jobId: id }, { index: 0 }]) {
      const error = await rejection(work.part(bad as never, body))
      expect([error, error.message]).toEqual([expect.any(TypeError), expect.stringMatching(/^Expected `/)])
    }
  })
})

describe('a part of a job', () => {
  onEachStorage('B1 of a sound job with failOn is never skipped', async (storage) => {
    const { work, run, reduces } = consumer({ storage, failOn: [Corrupt] })
    const { id } = await run(['a', 'b', 'c'])
    for (const index of [0, 1, 2]) expect((await work.part({ jobId: id, index }, () => index)).status).toBe('completed')
    expect(reduces()).toHaveLength(1)
  })

  test('B4 B10 that there is not is an error, with no body run and no reduce', async () => {
    const { work, run, reduces } = consumer()
    const { id } = await run(['a'])
    const body = () => expect.unreachable()
    for (const place of [
      { jobId: id, index: 1 },
      { jobId: id, index: 99_999_999 },
      { jobId: 'none', index: 0 },
    ]) {
      const error = await rejection(work.part(place, body))
      expect([error, (error as PieceworkError).code]).toEqual([expect.any(PieceworkError), 'not_found'])
    }
    for (const index of [-1, 0.5, Number.NaN, '0', 100_000_000]) {
      expect(await rejection(work.part({ jobId: id, index: index as number }, body))).toBeInstanceOf(TypeError)
    }
    expect([await work.job(id), reduces()]).toMatchObject([{ remaining: 1, state: 'mapping' }, []])
  })
})
