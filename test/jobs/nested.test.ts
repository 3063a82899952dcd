/** A part that is a job of its own. */
import { expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { fixed, job } from '../../src/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { type Proc, proc } from '../runner/kit.ts'

const sizes = [3, 0, 2]

/** The parts of `sums` run a job each: `retry` where that failed, which is one attempt's failure for them. */
function processOf(
  storage: ReturnType<typeof memory>,
  clock: ReturnType<typeof manualClock>,
  breaks: { times: number },
) {
  const sum = async (results: AsyncIterable<number>) => {
    let total = 0
    for await (const result of results) total += result
    return total
  }
  const inner = job('inner', {
    retry: fixed({ maxAttempts: 1, delay: 0 }),
    map: ({ part }: { part: number }) => {
      if (part === 20 && breaks.times-- > 0) throw new Error('not yet')
      return part
    },
    reduce: ({ results }) => sum(results),
  })
  const outer = job('sums', {
    retry: fixed({ maxAttempts: 3, delay: '1s' }),
    map: async ({ part: size, index, jobId }: { part: number; index: number; jobId: string }) => {
      const numbers = Array.from({ length: size }, (_, at) => index * 10 + at)
      const run = await process.work.run(inner, numbers, { id: `${jobId}-${index}` })
      if ((await run.info()).state === 'failed') await process.work.retry(run.id)
      const info = await run.done()
      if (info.state !== 'completed') throw new Error(`${info.state}: ${info.failure?.error.message}`)
      return info.result as number
    },
    reduce: ({ results }) => sum(results),
  })
  const process: Proc = proc([outer, inner], { storage, clock, lease: '10s' })
  return { ...process, outer }
}

test.each([0, 1, 9])(
  'MR-10 a part that is a job has one outcome, also where the process dies and the inner job fails %i times',
  async (times) => {
    const storage = memory()
    const clock = manualClock()
    const breaks = { times }
    const first = processOf(storage, clock, breaks)
    await first.work.start()
    void first.work.run(first.outer, sizes, { id: 'sums' })
    await clock.settle()
    // In the middle of everything; what is there goes on under the ids that it has.
    first.kill()
    const second = processOf(storage, clock, breaks)
    await second.work.start()
    const run = await second.work.run(second.outer, sizes, { id: 'sums' })
    await clock.tick('2m')
    const info = await run.info()
    const parts = await Promise.all(sizes.map((_, index) => second.work.get(`sums/${index}`)))
    const inners = await Promise.all(sizes.map((_, index) => second.work.job(`sums-${index}`)))
    if (times < 9) {
      expect(info).toMatchObject({ state: 'completed', result: 0 + 1 + 2 + 20 + 21, remaining: 0 })
      expect(parts.map((part) => part?.result)).toEqual([3, 0, 41])
      expect(inners.map(({ state }) => state)).toEqual(['completed', 'completed', 'completed'])
    } else {
      expect(info).toMatchObject({ state: 'failed', failure: { part: 2, error: { message: 'failed: not yet' } } })
      expect(parts.map((part) => part?.state)).toEqual(['completed', 'completed', 'failed'])
      expect(inners.map(({ state }) => state)).toEqual(['completed', 'completed', 'failed'])
    }
  },
)
