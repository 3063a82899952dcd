/** Who waits for a job: told at once where it ends in his process, and looking now and then where it ends in another. */
import { expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { job } from '../../src/index.ts'
import { Ends } from '../../src/runner/jobs/ends.ts'
import { manualClock } from '../../src/testing/index.ts'
import { later, proc } from '../runner/kit.ts'

class Corrupt extends Error {}

const sum = job('sum', {
  failOn: [Corrupt],
  map: ({ part }: { part: number }) => {
    if (part < 0) throw new Corrupt('negative')
    return part
  },
  reduce: async ({ results }) => {
    let all = 0
    for await (const result of results) all += result
    return all
  },
})

test.each([
  ['completed', [1, 2, 3]],
  ['failed', [1, -2, 3]],
])('done() resolves at once when the job is %s in this process, and leaves no timer behind', async (state, parts) => {
  // No time goes by: a look every quarter of a second would never come.
  const { work, timers } = proc([sum])
  await work.run(sum, parts)
  await work.drain()
  const before = timers()
  const run = await work.run(sum, parts)
  const waiting = Array.from({ length: 10 }, () => run.done())
  await work.drain()
  expect(await Promise.all(waiting)).toMatchObject(waiting.map(() => ({ state, remaining: 0 })))
  expect(timers()).toBe(before)
})

test('done() resolves at once when the job is cancelled in this process', async () => {
  const { work } = proc([sum])
  const run = await work.run(sum, [1])
  const done = run.done()
  await run.cancel()
  expect(await done).toMatchObject({ state: 'cancelled' })
})

test('done() resolves within a quarter of a second when the job ends in another process', async () => {
  const storage = memory()
  const clock = manualClock()
  const [mine, other] = [proc([sum], { storage, clock }), proc([sum], { storage, clock })]
  const run = await mine.work.run(sum, [1, 2])
  const ended = later<string>()
  void run.done().then(({ state }) => ended.resolve(state))
  await other.work.drain()
  await clock.tick(250)
  expect(await ended.promise).toBe('completed')
  expect(mine.timers()).toBe(0)
})

test('done() looks at the row of the job alone until it is over: no part is counted', async () => {
  const calls: string[] = []
  const clock = manualClock()
  const { work } = proc([sum], { clock, onCall: (verb, when) => when === 'before' && calls.push(verb) })
  const run = await work.run(sum, [1])
  calls.length = 0
  const done = run.done()
  await clock.tick('2s')
  expect(new Set(calls)).toEqual(new Set(['get']))
  expect(calls.length).toBeGreaterThan(5)
  await run.cancel()
  await done
})

test('its progress tells the end at once', async () => {
  const { work } = proc([sum])
  const run = await work.run(sum, [1, 2])
  const percents: number[] = []
  const watched = (async () => {
    for await (const { percent } of run) percents.push(percent)
  })()
  await expect.poll(() => percents).toEqual([0])
  await work.drain()
  await watched
  expect(percents).toEqual([0, 100])
})

test('whoever stops listening is told nothing, and others go on', () => {
  const ends = new Ends()
  const told: string[] = []
  const stop = ends.on('j', () => told.push('a'))
  ends.on('j', () => told.push('b'))
  ends.tell('k')
  ends.tell('j')
  stop()
  stop()
  ends.tell('j')
  expect(told).toEqual(['a', 'b', 'b'])
})
