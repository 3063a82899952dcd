/** Parts that were fetched ahead when their job failed: they are skipped, however the process's turns fall. */
import { expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { job, piecework } from '../../src/index.ts'
import { systemClock } from '../../src/runner/clock.ts'

class Corrupt extends Error {}

test('W14 parts that wait for their turn while the failure of their job is stored are not begun after that', async () => {
  const begun: number[] = []
  let isSlow = false
  let late = 0
  // From the failure on, whoever looks finds that the rest of the process has waited for long enough.
  const monotonic = () => {
    if (isSlow) late += 11
    return systemClock.monotonic() + late
  }
  const clock = { ...systemClock, monotonic }
  const fragile = job('fragile', {
    failOn: [Corrupt],
    concurrency: 1,
    map: ({ part }: { part: number }) => {
      begun.push(part)
      if (part !== 2) return
      isSlow = true
      throw new Corrupt('bad page')
    },
  })
  const work = piecework({ storage: memory(), definitions: [fragile], clock })
  const run = await work.run(
    fragile,
    Array.from({ length: 30 }, (_, index) => index),
  )
  await work.drain()
  expect(await run.done()).toMatchObject({ state: 'failed', failure: { part: 2 } })
  expect(begun).toEqual([0, 1, 2])
  expect((await work.get(`${run.id}/29`))?.state).toBe('skipped')
})
