/** Random courses of dispatches, on processes that die at random calls, over a storage that fails at random. */
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { Fault, Verb } from '../../src/testing/index.ts'
import { isWhole, parameters, rare, runs, seed } from '../histories.ts'
import * as chance from '../jobs/chance.ts'
import { checkEnd, drain, stopAll } from './modelling/drain.ts'
import { type DispatchPlan, type ItemPlan, type Step, type ValuePlan, values } from './modelling/plan.ts'
import { type Death, type Member, trackerId, World } from './modelling/world.ts'

vi.mock('../../src/runner/randomness.ts', () => chance)

const value: fc.Arbitrary<ValuePlan> = fc.record({
  course: rare<readonly Step[]>(
    [],
    fc.array(fc.constantFrom<Step>('good', 'bad', 'bad', 'crash', 'fatal'), { maxLength: 4 }),
  ),
  tookMs: fc.constantFrom(0, 0, 300, 2_000, 15_000),
})
const number = fc.nat(values.length - 1)
const item: fc.Arbitrary<ItemPlan> = fc.oneof(
  { weight: 6, arbitrary: number },
  { weight: 2, arbitrary: fc.record({ again: number }) },
  { weight: 1, arbitrary: fc.constantFrom<ItemPlan[]>('missing', 'null', 'no object', 'no JSON') },
)
const plan: fc.Arbitrary<DispatchPlan> = fc.record({
  items: fc.array(item, { maxLength: 16, size: 'max' }),
  workers: fc.integer({ min: 1, max: 4 }),
  begin: rare(false, fc.boolean()),
  gapMs: rare<number | null>(null, fc.constantFrom(0, 400, 3_000)),
})
const death: fc.Arbitrary<Death> = fc.record({
  how: fc.constantFrom('kill', 'kill', 'freeze'),
  verb: fc.constantFrom<(Verb | undefined)[]>(undefined, undefined, 'apply', 'insert', 'claim'),
  nth: fc.integer({ min: 1, max: 30 }),
  when: fc.constantFrom('before', 'after'),
})
const history = fc.record({
  chance: fc.nat(),
  processes: fc.integer({ min: 1, max: 3 }),
  values: fc.array(value, { minLength: values.length, maxLength: values.length }),
  deaths: fc.array(fc.option(death, { nil: undefined }), { maxLength: 10, size: 'max' }),
  faults: fc.oneof(
    fc.constant<Fault[]>([]),
    fc.array(rare<Fault>('pass', rare<Fault>('pass', fc.constantFrom('before', 'after'))), {
      maxLength: 300,
      size: 'max',
    }),
  ),
  steps: fc.array(
    fc.record({
      tickMs: fc.constantFrom(0, 1, 50, 700, 4_000, 12_000, 31_000),
      what: fc.constantFrom('nothing', 'dispatch', 'dispatch', 'dispatch', 'kill', 'freeze', 'thaw', 'cancel'),
      which: fc.nat(11),
      plan,
    }),
    { maxLength: 12, size: 'max' },
  ),
  last: plan,
})

const met: Record<string, number> = {}

type History = typeof history extends fc.Arbitrary<infer T> ? T : never

async function live({ processes, steps, last, ...given }: History): Promise<void> {
  chance.reseed(given.chance)
  const world = new World(given.values)
  const { diary, clock, alive } = world
  Object.assign(world, { deaths: given.deaths, faults: given.faults })
  const member = async (which: number): Promise<Member> => [...alive][which % alive.size] ?? (await world.spawn())
  for (const { tickMs, what, which, plan } of steps) {
    while (alive.size < processes) await world.spawn()
    // A fence begins at the storage's time: what is removed and stored again within a millisecond could repeat one.
    await clock.tick(what === 'dispatch' && plan.begin ? Math.max(tickMs, 50) : tickMs)
    const actor = await member(which)
    if (what === 'dispatch') world.dispatch(actor, plan)
    else if (what === 'cancel')
      void actor.work.cancel(trackerId).then(
        (done) => done && diary.meet('cancel'),
        () => {},
      )
    else if (what === 'kill' || what === 'freeze' || what === 'thaw') actor[what]()
    if (what !== 'cancel') diary.meet(what)
  }
  world.mend()
  const call = await drain(world, last)
  await checkEnd(world, call)
  await stopAll(world)
  expect(world.storage.broken).toEqual([])
  for (const [what, times] of Object.entries(diary.met)) met[what] = (met[what] ?? 0) + times
}

describe(`histories of dispatches (FC_SEED=${seed})`, () => {
  test('P-DISPATCH D5 D7 CR-08 hold at every write of all of them, and a dispatch ends', async () => {
    await fc.assert(fc.asyncProperty(history, live), parameters)
    console.log(`seed ${seed}, ${runs} runs met`, met)
    if (!isWhole) return
    const wanted = ['crash', 'lapsed', 'cancelled', 'forgotten', 'fault before', 'fault after', 'dispatch superseded']
    for (const what of [...wanted, 'all slots at work', 'completed', 'failed']) {
      expect(met[what], `${what} was never met`).toBeGreaterThan(0)
    }
  }, 600_000)
})
