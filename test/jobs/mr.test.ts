/** What goes wrong with parts and reduces elsewhere, one by one. */
import { describe, expect, test, vi } from 'vitest'
import { taskOf } from '../../src/storage/codec.ts'
import { jobOf } from '../../src/storage/job-codec.ts'
import * as chance from './chance.ts'
import { checkEnd, drain } from './drain.ts'
import type { Reduced } from './ledger.ts'
import { planOf, type Step } from './plan.ts'
import { World } from './world.ts'

vi.mock('../../src/runner/randomness.ts', () => chance)

const quick = { course: [], tookMs: 0 }
const always = (step: Step) => ({ course: Array.from({ length: 9 }, () => step), tookMs: 0 })

function resultOf({ storage }: World): Reduced {
  const job = jobOf(storage.get(['job'])[0]!)
  expect(job.state).toBe('completed')
  return (job as { result?: unknown }).result as Reduced
}

const indexes = (world: World) => resultOf(world).seen.map(([index]) => index)

test('MR-02 an outcome whose answer is lost is stored once: no reduce comes early, whichever call it strikes', async () => {
  let struck = 0
  for (let call = 0; call < 40; call++) {
    chance.reseed(1)
    const world = new World({ job: planOf({ size: 5, workers: 2 }) })
    world.faults = [...Array.from({ length: call }, () => 'pass' as const), 'after']
    await drain(world)
    checkEnd(world)
    expect(indexes(world)).toEqual([0, 1, 2, 3, 4])
    expect(world.storage.setOff('job')).toBe(1)
    struck += world.diary.met['fault after'] ?? 0
  }
  expect(struck).toBe(40)
})

test('MR-03 a zombie that ends its part after another did changes nothing: the reduce has the outcome of the later fence', async () => {
  const slow = { course: [], tookMs: 60_000 }
  const world = new World({ job: planOf({ parts: [{ course: [], tookMs: 2_000 }, slow] }) }, { concurrency: 2 })
  const zombie = await world.spawn()
  void world.run(zombie, 'job')
  await world.clock.settle()
  expect(world.diary.starts).toHaveLength(2)
  zombie.freeze()
  await world.spawn()
  await world.clock.tick('20s')
  const [, again] = world.diary.startsOf('job/00000000')
  const recorded = () => taskOf(world.storage.get(['job/00000000'])[0]!) as { result?: unknown }
  expect(recorded().result).toEqual({ index: 0, fence: again?.fence })
  zombie.thaw()
  await world.clock.tick('5s')
  expect(recorded().result).toEqual({ index: 0, fence: again?.fence })
  await drain(world)
  checkEnd(world)
  expect(resultOf(world).seen[0]).toEqual([0, { index: 0, fence: again?.fence }])
})

describe('MR-04 a reduce', () => {
  test('whose process dies in its middle runs again with the same input, and is committed once', async () => {
    const world = new World({ job: planOf({ size: 3, reduce: ['crash', 'crash'] }) })
    await drain(world)
    checkEnd(world)
    const starts = world.diary.startsOf('job')
    expect(starts.map(({ attempt }) => attempt)).toEqual([1, 2, 3])
    expect(indexes(world)).toEqual([0, 1, 2])
    expect(resultOf(world).fence).toBe(starts[2]?.fence)
  })

  test('whose process dies before it is committed, or before it hears of that, is committed once', async () => {
    const attempts = new Set<number>()
    for (let nth = 1; nth < 15; nth++) {
      for (const when of ['before', 'after'] as const) {
        const world = new World({ job: planOf({ size: 2 }) })
        world.deaths = [{ verb: 'apply', nth, when }]
        await drain(world)
        checkEnd(world)
        expect(indexes(world)).toEqual([0, 1])
        attempts.add(world.diary.startsOf('job').length)
      }
    }
    expect(attempts).toEqual(new Set([1, 2]))
  })
})

test.each([undefined, 1])('MR-05 W1 no reduce as long as parts are being added (workers: %s)', async (workers) => {
  const world = new World({ job: planOf({ size: 9, gapMs: 10_000, workers }) })
  const member = await world.spawn()
  void world.run(member, 'job')
  await world.clock.tick('85s')
  const states = world.storage.parts('job').map(({ state }) => state)
  expect(states).toEqual(Array.from({ length: 8 }, () => 'completed'))
  expect(world.storage.get(['job'])[0]?.state).toBe('open')
  expect(world.diary.startsOf('job')).toEqual([])
  await drain(world)
  checkEnd(world)
  expect(indexes(world)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
})

test.each([null, 0])('MR-06 no parts: the reduce runs once, with nothing (gap: %s)', async (gapMs) => {
  const world = new World({ job: planOf({ size: 0, gapMs }) })
  await drain(world)
  checkEnd(world)
  expect(world.diary.startsOf('job')).toHaveLength(1)
  expect(resultOf(world).seen).toEqual([])
})

describe('MR-07 a job of which one part is done for', () => {
  test.each([
    { step: 'fatal', threshold: 0, ends: 'failed' },
    { step: 'bad', threshold: 0, ends: 'failed' },
    { step: 'crash', threshold: 0, ends: 'failed' },
    { step: 'fatal', threshold: 1, ends: 'completed' },
    { step: 'bad', threshold: 0.5, ends: 'completed' },
    { step: 'crash', threshold: 1, ends: 'completed' },
    { step: 'fails', threshold: 1, ends: 'failed' },
  ] as const)('by $step, with a threshold of $threshold, is $ends', async ({ step, threshold, ends }) => {
    for (const workers of [undefined, 1]) {
      const world = new World({ job: planOf({ parts: [quick, always(step), quick, quick], threshold, workers }) })
      await drain(world)
      checkEnd(world)
      expect(world.storage.get(['job'])[0]?.state).toBe(ends)
      if (ends === 'completed') expect(indexes(world)).toEqual([0, 2, 3])
      else expect(world.diary.startsOf('job')).toEqual([])
    }
  })
})

test('CR-07 a job whose adding dies between two batches is added by the same call, without a part twice', async () => {
  const size = 1_000
  for (let nth = 2; nth <= 11; nth++) {
    for (const when of ['before', 'after'] as const) {
      const world = new World({ job: planOf({ size }) }, { batchMax: 100, concurrency: 100 })
      world.deaths = [{ verb: 'insert', nth, when }]
      const adding = await world.spawn()
      void world.run(adding, 'job')
      await world.clock.settle()
      expect(adding.isDead()).toBe(true)
      expect(world.storage.parts('job')).toHaveLength((nth - (when === 'before' ? 2 : 1)) * 100)
      await drain(world)
      checkEnd(world)
      expect(indexes(world)).toEqual(Array.from({ length: size }, (_, index) => index))
    }
  }
})
