/** Declares how a storage must carry jobs from their parts to their ends: the same on all of them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { fixed, job, never } from '../../../src/index.ts'
import { all, fresh, type Open, withWork, withWorks } from './instances.ts'

class Corrupt extends Error {}

const indexes = (count: number) => Array.from({ length: count }, (_, index) => index)

export function carriesJobs(open: Open): void {
  test('P-PARTS parts that end in any order, more of them than a page, are reduced once, in their order', async () => {
    let reduces = 0
    const double = job(fresh('double'), {
      map: async ({ part, index }: { part: number; index: number }) => {
        await sleep((index * 7) % 5)
        return part * 2
      },
      reduce: async ({ parts, total, metadata }) => {
        reduces++
        return { parts: await all(parts), total, metadata }
      },
    })
    await withWork(open, [double], async (work) => {
      const run = await work.run(double, indexes(130), { metadata: { who: 'me' } })
      await work.drain()
      const parts = indexes(130).map((index) => ({ index, result: index * 2 }))
      const info = await run.done()
      expect(info).toMatchObject({ state: 'completed', total: 130, remaining: 0, percent: 100 })
      expect(info.result).toEqual({ parts, total: 130, metadata: { who: 'me' } })
      expect(reduces).toBe(1)
    })
  })

  test('MR-06 a job of no parts reduces at once, with nothing', async () => {
    const none = job(fresh('none'), { map: () => 1, reduce: ({ parts }) => all(parts) })
    await withWork(open, [none], async (work) => {
      const run = await work.run(none, [])
      await work.drain()
      expect(await run.done()).toMatchObject({ state: 'completed', total: 0, percent: 100, result: [] })
    })
  })

  test('MR-07 an error of failOn fails the job with its part, and what has not begun is skipped', async () => {
    const begun: number[] = []
    const fragile = job(fresh('fragile'), {
      failOn: [Corrupt],
      concurrency: 1,
      map: ({ part }: { part: number }) => {
        begun.push(part)
        if (part === 2) throw new Corrupt('bad page')
      },
      reduce: () => expect.unreachable(),
    })
    await withWork(open, [fragile], async (work) => {
      const run = await work.run(fragile, indexes(30))
      await work.drain()
      expect(await run.done()).toMatchObject({
        state: 'failed',
        failed: true,
        remaining: 27,
        failure: { part: 2, error: { name: 'Corrupt', message: 'bad page' } },
      })
      expect(begun).toEqual([0, 1, 2])
      expect((await work.get(`${run.id}/2`))?.state).toBe('failed')
      expect((await work.get(`${run.id}/29`))?.state).toBe('skipped')
    })
  })

  test('MR-07 failed parts up to the threshold are left out of the reduce, and one more fails the job', async () => {
    const odd = (threshold: number) =>
      job(fresh('odd'), {
        retry: never(),
        threshold,
        map: ({ part }: { part: number }) => {
          if (part % 2) throw new Error(`odd ${part}`)
          return part
        },
        reduce: ({ results }) => all(results),
      })
    const [lax, share, strict] = [odd(5), odd(0.5), odd(4)]
    await withWork(open, [lax, share, strict], async (work) => {
      const runs = [await work.run(lax, indexes(10)), await work.run(share, indexes(10))]
      const failing = await work.run(strict, indexes(10))
      await work.drain()
      for (const run of runs) expect(await run.done()).toMatchObject({ state: 'completed', result: [0, 2, 4, 6, 8] })
      expect(await failing.done()).toMatchObject({ state: 'failed', failure: { part: expect.any(Number) } })
    })
  })

  test('workers: no more parts run at once than that, over all processes, and all of them run', async () => {
    let now = 0
    let most = 0
    const slow = job(fresh('slow'), {
      map: async ({ part }: { part: number }) => {
        most = Math.max(most, ++now)
        await sleep(15)
        now--
        return part
      },
      reduce: ({ results }) => all(results),
    })
    await withWorks(open, [slow], 2, async (works) => {
      await Promise.all(works.map((work) => work.start()))
      const run = await works[0]!.run(slow, indexes(16), { workers: 3 })
      expect(await run.done()).toMatchObject({ state: 'completed', workers: 3, result: indexes(16) })
      expect(most).toBe(3)
    })
  })

  describe.each([undefined, 2])('with workers: %s', (workers) => {
    const options = workers === undefined ? {} : { workers }

    test('a job that failed goes on with what is left when it is retried', async () => {
      let isBroken = true
      const begun: number[] = []
      const mended = job(fresh('mended'), {
        failOn: [Corrupt],
        concurrency: 1,
        map: ({ part }: { part: number }) => {
          begun.push(part)
          if (part === 3 && isBroken) throw new Corrupt('not yet')
          return part
        },
        reduce: ({ results }) => all(results),
      })
      await withWork(open, [mended], async (work) => {
        const run = await work.run(mended, indexes(8), options)
        await work.drain()
        expect((await run.done()).state).toBe('failed')
        isBroken = false
        expect(await work.retry(run.id)).toBe(true)
        await work.drain()
        expect(await run.done()).toMatchObject({ state: 'completed', result: indexes(8) })
        expect(begun.toSorted()).toEqual([0, 1, 2, 3, 3, 4, 5, 6, 7])
        expect(await work.retry(run.id)).toBe(false)
      })
    })

    test('MR-09 a job that is cancelled tells what runs to end, skips the rest, never reduces, and can go on', async () => {
      let isStuck = true
      let isBegun = false
      let reduces = 0
      const patient = job(fresh('patient'), {
        concurrency: 1,
        map: async ({ part, signal }: { part: number; signal: AbortSignal }) => {
          isBegun ||= part === 1
          if (part === 1 && isStuck) await sleep(30_000, undefined, { signal })
          return part
        },
        reduce: ({ results }) => {
          reduces++
          return all(results)
        },
      })
      await withWorks(open, [patient], 2, async ([work, other]) => {
        const run = await work!.run(patient, indexes(5), options)
        const drained = work!.drain()
        // Part 1 may be fetched ahead while part 0 is not stored yet.
        const first = async () => isBegun && (await other!.get(`${run.id}/0`))?.state
        await expect.poll(first, { timeout: 10_000 }).toBe('completed')
        expect(await other!.cancel(run.id)).toBe(true)
        expect(await other!.cancel(run.id)).toBe(false)
        await other!.drain()
        const states = indexes(5).map(async (index) => (await other!.get(`${run.id}/${index}`))?.state)
        // Those that the first process has fetched ahead are its own to end, as the one that runs.
        const over = 'skipped'
        expect(await Promise.all(states)).toEqual(['completed', 'skipped', over, over, over])
        expect(await run.info()).toMatchObject({ state: 'cancelled', failed: false, remaining: 4 })
        // The one that ran hears of it at its next beat, which this test does not wait for.
        isStuck = false
        expect(await other!.retry(run.id)).toBe(true)
        await other!.drain()
        expect(await run.done()).toMatchObject({ state: 'completed', result: indexes(5) })
        expect(reduces).toBe(1)
        await work!.close({ timeout: 0 })
        await drained
      })
    })
  })

  test('CR-07 adding that fails half-way goes on with the same call, and no part is there twice', async () => {
    const halves = job(fresh('halves'), {
      retry: fixed({ maxAttempts: 3, delay: 0 }),
      map: ({ part }: { part: number }) => part,
      reduce: ({ results }) => all(results),
    })
    async function* upTo(end: number) {
      for (let index = 0; index < 520; index++) {
        if (index === end) throw new Error('the source is gone')
        yield index
      }
    }
    await withWork(open, [halves], async (work) => {
      const id = fresh('job')
      await expect(work.run(halves, upTo(510), { id })).rejects.toThrow('the source is gone')
      await work.drain()
      expect(await work.job(id)).toMatchObject({ state: 'open', total: undefined })
      expect((await work.run(halves, upTo(520), { id })).status).toBe('added')
      expect((await work.run(halves, upTo(0), { id })).status).toBe('duplicate')
      await work.drain()
      expect(await work.job(id)).toMatchObject({ state: 'completed', total: 520, result: indexes(520) })
    })
  })
}
