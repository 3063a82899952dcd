/** Slots that a crash left idle, in a job of many parts: found without asking after each part that is done. */
import { expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { job } from '../../src/index.ts'
import type { Change } from '../../src/storage/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { proc } from '../runner/kit.ts'

const parts = 1_000

test('a slot that a crash left idle behind 900 finished parts is found with a look at a hundred of them at a time', async () => {
  const storage = memory()
  const clock = manualClock()
  const runs: number[] = []
  const nothing = job('nothing', {
    map: ({ index }) => void runs.push(index),
    reduce: async ({ total }) => total,
  })
  const first = proc([nothing], {
    storage,
    clock,
    concurrency: 1,
    onCall(verb, when, args) {
      // Its end is stored, and names who is next; nobody lets that one go.
      const ends = verb === 'apply' && (args[0] as Change[]).some(({ next }) => next?.state === 'completed')
      if (ends && when === 'after' && runs.length >= 900) first.kill()
    },
  })
  await first.work.run(nothing, new Array(parts).fill(null), { id: 'j', workers: 1 })
  await first.work.start()
  await clock.tick('5s')
  expect(runs.length).toBe(900)

  let looks = 0
  const second = proc([nothing], {
    storage,
    clock,
    concurrency: 1,
    onCall(verb, when) {
      if (when === 'before' && (verb === 'get' || verb === 'find') && runs.length === 900) looks++
    },
  })
  await second.work.start()
  // The job asks again about its parts every 30 s.
  await clock.tick('1m')
  console.log(`${looks} looks until the slot was found`)
  expect(await second.work.job('j')).toMatchObject({ state: 'completed', result: parts })
  expect(looks).toBeLessThan(200)
})
