/** What else the process does while a worker has more than enough to do and nothing to wait for. */
import { expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { job, piecework, task } from '../../src/index.ts'
import type { Clock } from '../../src/runner/clock.ts'
import { systemClock } from '../../src/runner/clock.ts'

/** A clock that goes on by so much at each look, as if nothing but the looks took time. */
function ticking(ms: number): Clock {
  let now = 0
  return { ...systemClock, monotonic: () => (now += ms) }
}

/** In how many turns of the event loop others had a say before `body` ended. */
async function turnsDuring(body: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let isOver = false
  const count = () => {
    if (isOver) return
    turns++
    setImmediate(count)
  }
  setImmediate(count)
  await body()
  isOver = true
  return turns
}

const nothing = task('nothing', { run: () => {} })
const sum = job('sum', {
  map: ({ part }: { part: number }) => part,
  reduce: async ({ results }) => {
    let all = 0
    for await (const result of results) all += result
    return all
  },
})
const quiet = { info() {}, warn() {}, error() {} }
const options = { definitions: [nothing, sum], concurrency: 10, logger: quiet }
const many = Array.from({ length: 5_000 }, (_, number) => number)

test('timers and servers have their turn while thousands of tasks run that never wait', async () => {
  const quick = piecework({ ...options, storage: memory(), clock: ticking(0) })
  await quick.add(many.map(() => nothing.with()))
  const slow = piecework({ ...options, storage: memory(), clock: ticking(1) })
  await slow.add(many.map(() => nothing.with()))
  const without = await turnsDuring(() => quick.drain())
  const turns = await turnsDuring(() => slow.drain())
  console.log(`${turns} turns in which time goes by, ${without} where none does`)
  expect(turns).toBeGreaterThan(without + 300)
})

test('timers and servers have their turn while a job of thousands of parts is stored, mapped and reduced', async () => {
  const work = piecework({ ...options, storage: memory(), clock: ticking(5) })
  const stored = await turnsDuring(() => work.run(sum, many, { id: 'many' }))
  const worked = await turnsDuring(() => work.drain())
  console.log(`${stored} turns while it is stored, ${worked} while it is worked on`)
  expect(stored).toBeGreaterThan(500)
  expect(worked).toBeGreaterThan(500)
  expect(await work.job('many')).toMatchObject({ state: 'completed', result: (5_000 * 4_999) / 2 })
})
