/** A dispatch raced through by real processes that are killed at any moment, its dispatchers among them. */
import { beforeAll, expect, test } from 'vitest'
import { chosenSeed } from '../../src/conformance/random.ts'
import { items, values, workers } from './racing/consumer.ts'
import { type Race, race } from './racing/run.ts'

/** `PIECEWORK_RACE_KILLS=200` for a long one. */
const kills = Number(process.env.PIECEWORK_RACE_KILLS ?? 14)

let outcome: Race

beforeAll(async () => {
  const seed = chosenSeed(undefined, () => Date.now() % 100_000)
  outcome = await race({ seed, processes: 4, kills })
  console.log(`PIECEWORK_SEED=${seed}: ${values} values by 4 processes: ${JSON.stringify(outcome.counts)}`)
}, 120_000)

test('there was something to get through: processes were killed from outside and by themselves', () => {
  const { struck = 0, selfKills = 0 } = outcome.counts
  expect(Math.min(struck, selfKills)).toBeGreaterThan(0)
  // How many of them from outside depends on how many are at work when their turn comes.
  expect(struck + selfKills).toBeGreaterThanOrEqual(kills / 2)
})

test('P-DISPATCH CR-08 each value has one execution, which was completed once, and none is missing', () => {
  const parts = [...outcome.rows.values()].filter(({ id }) => id.includes('/'))
  expect(parts.filter(({ state }) => state !== 'completed')).toEqual([])
  const numbers = parts.map(({ input }) => (JSON.parse(input) as { item: { number: number } }).item.number)
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: values }, (_, number) => number))
  const ends = outcome.steps.filter(({ parent, to }) => parent !== null && to === 'completed')
  expect(ends).toHaveLength(values)
  expect(new Set(ends.map(({ id }) => id)).size).toBe(values)
})

test('D7 nothing that was completed is run again', () => {
  const done = new Set<string>()
  const again = outcome.steps.filter(({ id, parent, to }) => {
    if (parent === null) return false
    if (to === 'completed') done.add(id)
    return to !== 'completed' && done.has(id)
  })
  expect(again).toEqual([])
})

test('D2 after no commit do more executions have a slot than there are workers', () => {
  const atWork = new Set<string>()
  let most = 0
  for (const { id, parent, to } of outcome.steps) {
    if (parent === null) continue
    if (to === 'waiting' || to === 'running') atWork.add(id)
    else atWork.delete(id)
    most = Math.max(most, atWork.size)
  }
  expect(most).toBe(workers)
})

test('D2 no more consumers run at an instant than there are workers', () => {
  const running = new Map<string, Set<string>>()
  let most = 0
  for (const [mark, pid = '', number = ''] of outcome.log.map((line) => line.split(' '))) {
    const own = running.get(pid) ?? new Set()
    running.set(pid, own)
    if (mark === '+') own.add(number)
    else if (mark === '-') own.delete(number)
    else running.delete(pid)
    most = Math.max(
      most,
      [...running.values()].reduce((sum, { size }) => sum + size, 0),
    )
  }
  // All slots are taken now and then (see the test before); whether their bodies ever ran at one instant is chance.
  expect(most).toBeLessThanOrEqual(workers)
  expect(most).toBeGreaterThan(1)
})

test('the report of the last dispatch adds up', () => {
  const { state, result } = outcome.info
  const { left } = outcome.counts
  expect({ state, ...result }).toMatchObject({
    state: 'completed',
    items,
    run: left,
    completed: left,
    cancelled: 0,
    exhausted: 0,
    refused: 0,
  })
  expect(result!.run + result!.skipped + result!.repeated).toBe(items)
})
