/** Ten thousand parts, and a process that dies whenever another hundred of them are done. */
import { expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { fixed, job } from '../../src/index.ts'
import type { Change } from '../../src/storage/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { type Proc, proc } from '../runner/kit.ts'

const size = 10_000
const deaths = 100

test('MR-08 10,000 parts, with a crash at each hundredth of them, reduce to exactly their results', async () => {
  // Little is fetched ahead then: what a process takes along when it dies is run again one by one.
  const storage = memory({ batchMax: 20 })
  const clock = manualClock()
  let done = 0
  let died = 0
  const numbers = job('numbers', {
    // Each crash counts as an attempt of all that its process had claimed.
    retry: fixed({ maxAttempts: 2 * deaths, delay: 0 }),
    maxCrashes: 2 * deaths,
    map: ({ part }: { part: number }) => part * 2,
    reduce: async ({ parts }) => {
      const all: [number, number][] = []
      for await (const { index, result } of parts) all.push([index, result])
      return all
    },
  })
  const next = async (): Promise<{ process: Proc; isDead: () => boolean }> => {
    let isDead = false
    const process = proc([numbers], {
      storage,
      clock,
      lease: '10s',
      poll: '5s',
      onCall(verb, when, args) {
        if (verb !== 'apply' || isDead) return
        const ends = (args[0] as readonly Change[]).filter(({ next }) => next?.state === 'completed').length
        const isLast = done + (when === 'before' ? ends : 0) >= ((died + 1) * size) / deaths && died < deaths
        // Every other one before the outcomes are stored, every other one after it.
        if (isLast && when === (died % 2 ? 'before' : 'after')) {
          isDead = true
          died++
          process.kill()
        }
        if (when === 'after') done += ends
      },
    })
    await process.work.start()
    await clock.settle()
    return { process, isDead: () => isDead }
  }

  const parts = Array.from({ length: size }, (_, index) => index)
  const state = () => storage.get(['numbers'])[0]?.state
  let current = await next()
  let rounds = 0
  for (; state() !== 'completed' && rounds < 2_000; rounds++) {
    if (current.isDead()) current = await next()
    // The first of them die in the middle of this, too.
    if (state() === undefined || state() === 'open') void current.process.work.run(numbers, parts, { id: 'numbers' })
    await clock.tick('11s')
  }
  const info = await current.process.work.job('numbers')
  console.log(`${died} deaths, ${rounds} rounds`)
  expect(died).toBe(deaths)
  expect(info.state).toBe('completed')
  expect(info.result).toEqual(parts.map((part) => [part, part * 2]))
  expect(info.attempts).toBeLessThanOrEqual(2)
}, 120_000)
