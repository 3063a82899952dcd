/** Jobs from `run` to their reduce, on memory. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { job, never, piecework } from '../../src/index.ts'

class Corrupt extends Error {}
class VeryCorrupt extends Corrupt {}

const quiet = { info() {}, warn() {}, error() {} }

describe('a job', () => {
  const squares = job('squares', {
    map: async ({ part, index, metadata }: { part: number; index: number; metadata: { plus: number } }) =>
      part * part + index * 0 + metadata.plus,
    reduce: async ({ results, metadata, total }) => {
      let sum = 0
      for await (const result of results) sum += result
      return { sum, metadata, total }
    },
  })

  test('runs its parts and then its reduce, once', async () => {
    const work = piecework({ storage: memory(), definitions: [squares], logger: quiet })
    const run = await work.run(squares, [1, 2, 3], { metadata: { plus: 1 } })
    expect(run.status).toBe('added')
    expect(await run.progress()).toEqual({ total: 3, remaining: 3, fraction: 0, percent: 0 })
    await work.drain()
    const info = await run.done()
    expect(info).toMatchObject({
      state: 'completed',
      result: { sum: 17, total: 3 },
      total: 3,
      remaining: 0,
      percent: 100,
    })
    expect(info.metadata).toEqual({ plus: 1 })
  })

  test('of no parts reduces at once', async () => {
    const work = piecework({ storage: memory(), definitions: [squares], logger: quiet })
    const run = await work.run(squares, [], { metadata: { plus: 1 } })
    await work.drain()
    expect(await run.done()).toMatchObject({ state: 'completed', result: { sum: 0 } })
  })

  test('with workers runs no more parts at once than that', async () => {
    let now = 0
    let most = 0
    const slow = job('slow', {
      map: async ({ part }: { part: number }) => {
        now++
        most = Math.max(most, now)
        await new Promise((resolve) => setTimeout(resolve, 1))
        now--
        return part
      },
      reduce: async ({ parts }) => {
        const all = []
        for await (const part of parts) all.push(part.result)
        return all
      },
    })
    const work = piecework({ storage: memory(), definitions: [slow], concurrency: 20, logger: quiet })
    const run = await work.run(
      slow,
      Array.from({ length: 40 }, (_, i) => i),
      { workers: 3 },
    )
    await work.drain()
    expect(await run.done()).toMatchObject({ state: 'completed', result: Array.from({ length: 40 }, (_, i) => i) })
    expect(most).toBe(3)
  })

  test('fails at an error of failOn, subclasses included, and skips what has not begun', async () => {
    const begun: number[] = []
    const fragile = job('fragile', {
      failOn: [Corrupt],
      map: async ({ part }: { part: number }) => {
        begun.push(part)
        if (part === 1) throw new VeryCorrupt('bad page')
      },
      reduce: () => expect.unreachable(),
    })
    const work = piecework({ storage: memory(), definitions: [fragile], concurrency: 1, logger: quiet })
    const run = await work.run(fragile, [0, 1, 2, 3])
    await work.drain()
    const info = await run.done()
    expect(info).toMatchObject({ state: 'failed', failed: true, failure: { part: 1, error: { message: 'bad page' } } })
    expect(begun).toEqual([0, 1])
    // What was skipped is still to be done, were the job resumed.
    expect(info.remaining).toBe(2)
  })

  test('fails when a part has no attempt left, unless the threshold lets it', async () => {
    const half = (name: string, threshold: number) =>
      job(name, {
        retry: never(),
        threshold,
        map: async ({ part }: { part: number }) => {
          if (part % 2) throw new Error(`odd ${part}`)
          return part
        },
        reduce: async ({ parts }) => {
          const all = []
          for await (const { index } of parts) all.push(index)
          return all
        },
      })
    const strict = half('strict', 0)
    const lax = half('lax', 0.5)
    const work = piecework({ storage: memory(), definitions: [strict, lax], logger: quiet })
    const runs = [await work.run(strict, [0, 1, 2, 3]), await work.run(lax, [0, 1, 2, 3])]
    await work.drain()
    expect(await runs[0]!.done()).toMatchObject({ state: 'failed', failure: { part: 1 } })
    expect(await runs[1]!.done()).toMatchObject({ state: 'completed', result: [0, 2] })
  })
})

describe('a job that failed', () => {
  test.each([undefined, 2])('goes on with what is left when it is retried (workers: %s)', async (workers) => {
    let isBroken = true
    const runs: number[] = []
    const mended = job('mended', {
      failOn: [Corrupt],
      map: async ({ part }: { part: number }) => {
        runs.push(part)
        if (part === 2 && isBroken) throw new Corrupt('not yet')
        return part
      },
      reduce: async ({ results }) => {
        const all: number[] = []
        for await (const result of results) all.push(result)
        return all
      },
    })
    const work = piecework({ storage: memory(), definitions: [mended], concurrency: 1, logger: quiet })
    const options = workers === undefined ? {} : { workers }
    const run = await work.run(mended, [0, 1, 2, 3, 4, 5], options)
    await work.drain()
    expect(await run.done()).toMatchObject({ state: 'failed', failure: { part: 2 } })
    isBroken = false
    expect(await work.retry(run.id)).toBe(true)
    await work.drain()
    expect(await run.done()).toMatchObject({ state: 'completed', result: [0, 1, 2, 3, 4, 5] })
    expect(runs.filter((part) => part < 2)).toEqual([0, 1])
    expect(await work.retry(run.id)).toBe(false)
  })
})

describe('parts that come slowly', () => {
  test('run as they come, with workers as well', async () => {
    const begun: number[] = []
    const each = job('each', { map: ({ index }) => void begun.push(index) })
    const work = piecework({ storage: memory(), definitions: [each], logger: quiet })
    await work.start()
    async function* slow(id: string) {
      for (let index = 0; index < 4; index++) {
        yield index
        // The next part comes only when this one is done.
        const isDone = async () => (await work.get(`${id}/${index}`))?.state === 'completed'
        while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 1))
      }
    }
    const free = await work.run(each, slow('free'), { id: 'free' })
    expect(await free.done()).toMatchObject({ state: 'completed', total: 4 })
    begun.length = 0
    const one = await work.run(each, slow('one'), { id: 'one', workers: 1 })
    expect(await one.done()).toMatchObject({ state: 'completed', total: 4 })
    expect(begun).toEqual([0, 1, 2, 3])
    await work.close()
  })
})
