/** Random courses of row dispatchers: processes that die, stand still and stop, a table that fails, and its user. */
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { isWhole, parameters, rare, runs, seed } from '../histories.ts'
import * as chance from '../jobs/chance.ts'
import { drain, stopAll } from './modelling/drain.ts'
import { type RowFault, type RowVerb, rowVerbs } from './modelling/process.ts'
import { type Death, type RowPlan, RowWorld, type Step, type WorldPlan } from './modelling/world.ts'

vi.mock('../../src/runner/randomness.ts', () => chance)

const step = fc.constantFrom<Step[]>('good', 'bad', 'bad', 'null', 'fatal', 'crash', 'deaf', 'endless')
const row: fc.Arbitrary<RowPlan> = fc.record({
  course: rare<readonly Step[]>([], fc.array(step, { maxLength: 3 })),
  tookMs: fc.constantFrom(0, 0, 300, 2_000, 15_000),
})
const plan: fc.Arbitrary<WorldPlan> = fc.record({
  rows: fc.array(row, { maxLength: 14, size: 'max' }),
  queueSize: fc.integer({ min: 1, max: 5 }),
  maxTries: fc.integer({ min: 1, max: 3 }),
  concurrency: fc.integer({ min: 1, max: 4 }),
  retryDelayMs: rare(0, fc.constantFrom(1_000, 9_000)),
  functions: rare<WorldPlan['functions']>('none', fc.constantFrom('throwing', 'choosing')),
})
const death: fc.Arbitrary<Death> = fc.record({
  how: fc.constantFrom('kill', 'kill', 'freeze'),
  verb: fc.constantFrom<(RowVerb | undefined)[]>(undefined, undefined, ...rowVerbs),
  nth: fc.integer({ min: 1, max: 25 }),
  when: fc.constantFrom('before', 'after'),
})
const fault = fc.constantFrom<RowFault[]>('before', 'after', 'after', 200, 3_000, -200, -3_000)
const history = fc.record({
  chance: fc.nat(),
  processes: fc.integer({ min: 1, max: 3 }),
  plan,
  deaths: fc.array(fc.option(death, { nil: undefined }), { maxLength: 10, size: 'max' }),
  faults: fc.oneof(
    fc.constant<RowFault[]>([]),
    fc.array(rare<RowFault>('pass', rare<RowFault>('pass', fault)), { maxLength: 200, size: 'max' }),
  ),
  steps: fc.array(
    fc.record({
      tickMs: fc.constantFrom(0, 1, 50, 700, 2_500, 5_000, 12_000),
      what: fc.constantFrom(
        ...(['nothing', 'kill', 'freeze', 'thaw', 'stop', 'stop', 'start', 'start', 'drain'] as const),
        ...(['update', 'update', 'remove', 'add', 'step'] as const),
      ),
      which: fc.nat(11),
    }),
    { maxLength: 14, size: 'max' },
  ),
})

const met: Record<string, number> = {}

async function live({ processes, plan, deaths, faults, steps, chance: own }: History): Promise<void> {
  chance.reseed(own)
  const world = new RowWorld(plan)
  const { clock, alive, ledger } = world
  Object.assign(world, { deaths, faults })
  for (const { tickMs, what, which } of steps) {
    while (alive.size < processes) world.spawn().start()
    await clock.tick(tickMs)
    const actor = [...alive][which % alive.size] ?? world.spawn()
    if (what === 'update' || what === 'remove') world[what](which)
    else if (what === 'add') world.add()
    else if (what === 'step') world.step((which - 5) * 3_000)
    else if (what === 'stop') actor.stop(which * 400)
    else if (what !== 'nothing') actor[what]()
    world.meet(what)
  }
  await drain(world)
  await stopAll(world)
  for (const [what, times] of Object.entries(ledger.met)) met[what] = (met[what] ?? 0) + times
}

type History = typeof history extends fc.Arbitrary<infer T> ? T : never

describe(`histories of rows (FC_SEED=${seed})`, () => {
  test('P-RESERVE P7 P25 P-STOP RS-01 RS-02 hold at every call of all of them, and each row ends', async () => {
    await fc.assert(fc.asyncProperty(history, live), parameters)
    console.log(`seed ${seed}, ${runs} runs met`, met)
    if (!isWhole) return
    const moves = ['reserve', 'start', 'complete', 'fail', 'fail_for_good', 'give_back', 'relaunch', 'expire']
    const others = ['start refused', 'complete refused', 'fail refused', 'a full queue', 'removed started']
    for (const what of [...moves, ...others, 'fault before', 'fault after', 'a late answer']) {
      expect(met[what], `${what} was never met`).toBeGreaterThan(0)
    }
  }, 600_000)
})
