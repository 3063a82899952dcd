/** Random courses of schedules, on processes that die, stand still and are off in their clocks, over a storage that fails. */
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { Fault } from '../../src/testing/index.ts'
import { isWhole, parameters, runs, seed } from '../histories.ts'
import * as chance from '../jobs/chance.ts'
import { type Death, World } from './world.ts'

vi.mock('../../src/runner/randomness.ts', () => chance)

const minuteMs = 60_000
const death: fc.Arbitrary<Death> = fc.record({
  nth: fc.integer({ min: 1, max: 6 }),
  when: fc.constantFrom('before', 'after'),
})
const fault = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Fault>('pass') },
  { weight: 1, arbitrary: fc.constantFrom<Fault>('before', 'after') },
)
const history = fc.record({
  chance: fc.nat(),
  processes: fc.integer({ min: 1, max: 3 }),
  everyMs: fc.constantFrom(1_000, 4_000, 7_000, 20_000),
  overlap: fc.constantFrom('allow', 'skip', 'queue'),
  missed: fc.constantFrom('all', 'all', 'last', 'skip'),
  tookMs: fc.array(fc.constantFrom(0, 0, 0, 900, -500, 9_000), { minLength: 1, maxLength: 5 }),
  deaths: fc.array(fc.option(death, { nil: undefined }), { maxLength: 12, size: 'max' }),
  faults: fc.array(fault, { maxLength: 150, size: 'max' }),
  skews: fc.array(fc.constantFrom(0, -9 * minuteMs, 7 * minuteMs), { maxLength: 12 }),
  steps: fc.array(
    fc.record({
      tickMs: fc.constantFrom(1, 500, 1_000, 3_000, 8_000),
      what: fc.constantFrom('nothing', 'kill', 'freeze', 'thaw', 'stop', 'down', 'made again'),
      which: fc.nat(2),
    }),
    { minLength: 4, maxLength: 14, size: 'max' },
  ),
})

type History = typeof history extends fc.Arbitrary<infer T> ? T : never

const met: Record<string, number> = {}

async function live(given: History): Promise<void> {
  const { processes, everyMs, overlap, missed, steps } = given
  chance.reseed(given.chance)
  const world = new World({ tookMs: given.tookMs, mayMeet: overlap === 'allow' })
  const { clock, alive } = world
  const begin = clock.now()
  const end = begin + Math.max(30_000, 3 * everyMs)
  const options = { every: everyMs, overlap, missed, limit: 1_000, until: end }
  const first = await world.spawn()
  await first.work.schedule(world.definition, options)
  Object.assign(world, { deaths: given.deaths, faults: given.faults, skews: given.skews })
  // For longer than a minute nobody may have seen to it: ticks were missed then, not lost.
  let wasAway = false
  for (const { tickMs, what, which } of steps) {
    while (alive.size < processes) await world.spawn()
    await clock.tick(tickMs)
    const target = [...alive][which % Math.max(1, alive.size)]
    if (what !== 'nothing') world.meet(what)
    if (what === 'down') {
      for (const process of alive) world.kill(process)
      await clock.tick('70s')
      wasAway = true
    } else if (!target) continue
    else if (what === 'kill') world.kill(target)
    else if (what === 'freeze') target.freeze()
    else if (what === 'thaw') target.thaw()
    else if (what === 'made again') void target.work.schedule(world.definition, options).catch(() => {})
    else if (what === 'stop') {
      // One that stands still could never stop.
      target.thaw()
      void target.work.stop({ timeout: '1s' })
      alive.delete(target)
    }
    if (what === 'freeze') wasAway = true
  }
  world.mend()
  await world.spawn()
  const isOver = () => world.storage.get(['~schedule:tick'])
  let rounds = 0
  for (; rounds < 400 && (await isOver())[0]?.state !== 'ended'; rounds++) await clock.tick('5s')
  expect((await isOver())[0]?.state, 'the schedule ends').toBe('ended')

  const wanted = Array.from({ length: Math.floor((end - begin) / everyMs) }, (_, n) => begin + (n + 1) * everyMs)
  const ids = wanted.map((at) => `tick@${new Date(at).toISOString()}`)
  for (const [id, times] of world.inserted) expect({ id, times }).toEqual({ id, times: 1 })
  for (const id of world.inserted.keys()) expect(ids).toContain(id)
  if (overlap !== 'skip' && (missed === 'all' || !wasAway)) expect([...world.inserted.keys()].sort()).toEqual(ids)
  expect(world.inserted.size, 'not all are left out').toBeGreaterThan(missed === 'skip' ? -1 : 0)
  for (const process of alive) {
    const stopping = process.work.stop({ timeout: '10s' })
    await clock.tick('11s')
    await stopping
    expect(process.timers(), 'no timer outlives a stop').toBe(0)
  }
  for (const [what, times] of Object.entries(world.met)) met[what] = (met[what] ?? 0) + times
}

describe(`histories of schedules (FC_SEED=${seed})`, () => {
  test('P-TICK P-SINGLE CN-02 CN-03 CN-04 CN-05 CK-01 each tick has one task, none is lost, tasks that must not meet do not', async () => {
    await fc.assert(fc.asyncProperty(history, live), parameters)
    console.log(`seed ${seed}, ${runs} runs met`, met)
    if (!isWhole) return
    const deaths = ['death before insert', 'death after insert', 'death before apply', 'death after apply']
    for (const what of [...deaths, 'a task failed', 'freeze', 'down', 'made again', 'fault before', 'fault after']) {
      expect(met[what], `${what} was never met`).toBeGreaterThan(0)
    }
  }, 240_000)
})
