/** Random courses of jobs, on processes that die at random writes, over a storage that fails at random. */
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { Fault, Verb } from '../../src/testing/index.ts'
import { isWhole, parameters, rare, runs, seed } from '../histories.ts'
import * as chance from './chance.ts'
import { checkEnd, drain, resumeAll, stopAll } from './drain.ts'
import { type JobPlan, planOf, type Step } from './plan.ts'
import { type Death, type Member, World } from './world.ts'

vi.mock('../../src/runner/randomness.ts', () => chance)

const step = rare<Step>('good', fc.constantFrom<Step>('bad', 'bad', 'crash', 'snooze', 'fails', 'fatal'))
const part = fc.record({
  course: fc.array(step, { maxLength: 4 }),
  tookMs: fc.constantFrom(0, 0, 300, 2_000, 15_000),
})
const plan: fc.Arbitrary<JobPlan> = fc.record({
  kind: fc.constantFrom('inside', 'inside', 'carried', 'announced'),
  threshold: fc.constantFrom(0, 1, 0.5),
  workers: rare<number | undefined>(undefined, fc.integer({ min: 1, max: 3 })),
  parts: fc.array(part, { maxLength: 10, size: 'max' }),
  reduce: fc.array(step, { maxLength: 4 }),
  gapMs: rare<number | null>(null, fc.constantFrom(0, 400, 3_000)),
  breaksAt: rare<number | null>(null, fc.nat(9)),
  unsent: rare(0, fc.integer({ min: 1, max: 5 })),
})
const death: fc.Arbitrary<Death> = fc.record({
  verb: fc.constantFrom<Verb[]>('apply', 'apply', 'apply', 'claim', 'insert', 'extend'),
  nth: fc.integer({ min: 1, max: 9 }),
  when: fc.constantFrom('before', 'after'),
})
const history = fc.record({
  chance: fc.nat(),
  processes: fc.integer({ min: 1, max: 3 }),
  jobs: fc.array(plan, { minLength: 1, maxLength: 2 }),
  deaths: fc.array(fc.option(death, { nil: undefined }), { maxLength: 10, size: 'max' }),
  faults: fc.oneof(
    fc.constant([]),
    fc.array(rare<Fault>('pass', rare<Fault>('pass', fc.constantFrom('before', 'after'))), {
      maxLength: 300,
      size: 'max',
    }),
  ),
  steps: fc.array(
    fc.record({
      tickMs: fc.constantFrom(0, 1, 50, 700, 4_000, 12_000, 31_000),
      what: fc.constantFrom(
        'nothing',
        'nothing',
        'run',
        'deliver',
        'deliver',
        'kill',
        'freeze',
        'thaw',
        'stop',
        'cancel',
        'resume',
        'resume',
      ),
      which: fc.nat(11),
    }),
    { maxLength: 20, size: 'max' },
  ),
})

/** Courses that found something once. */
const pinned: readonly History[] = [
  // Two resumes at once, of which the older one goes on after the other: it gave out slots of its own, for no run.
  {
    chance: 0,
    processes: 1,
    jobs: [planOf({ parts: [2_000, 0, 0, 0].map((tookMs) => ({ course: [], tookMs })), workers: 1 })],
    deaths: [],
    faults: [],
    steps: [
      { tickMs: 0, what: 'cancel', which: 0 },
      { tickMs: 0, what: 'freeze', which: 0 },
      { tickMs: 0, what: 'resume', which: 0 },
      { tickMs: 31_000, what: 'resume', which: 0 },
    ],
  },
]

const met: Record<string, number> = {}

type History = typeof history extends fc.Arbitrary<infer T> ? T : never

async function live({ chance: ownSeed, processes, jobs, deaths, faults, steps }: History): Promise<void> {
  chance.reseed(ownSeed)
  const world = new World(Object.fromEntries(jobs.map((job, index) => [`job-${index}`, job])))
  const { diary, clock, alive } = world
  const ids = Object.keys(world.plans)
  Object.assign(world, { deaths, faults })
  const member = async (which: number): Promise<Member> => [...alive][which % alive.size] ?? (await world.spawn())

  while (alive.size < processes && world.deaths.length > 0) await world.spawn()
  for (const [index, id] of ids.entries()) void world.run(await member(index), id)
  for (const { tickMs, what, which } of steps) {
    while (alive.size < processes) await world.spawn()
    await clock.tick(tickMs)
    const actor = await member(which)
    const id = ids[which % ids.length]!
    const message = diary.messages[which % Math.max(1, diary.messages.length)]
    if (what === 'run') void world.run(actor, id)
    else if (what === 'deliver') for (const each of message ? [message] : []) void world.deliver(actor, each)
    else if (what === 'kill' || what === 'freeze' || what === 'thaw') actor[what]()
    else if (what === 'cancel')
      void actor.work.cancel(id).then(
        (done) => done && diary.meet('cancel'),
        () => {},
      )
    else if (what === 'resume')
      void actor.work.retry(id).then(
        (done) => done && diary.meet('resume'),
        () => {},
      )
    else if (what === 'stop') {
      // One that stands still could never stop.
      actor.thaw()
      void actor.work.stop({ timeout: '1s' })
      alive.delete(actor)
    }
    if (['kill', 'freeze', 'thaw', 'stop'].includes(what)) diary.meet(what)
  }
  world.mend()
  await drain(world)
  checkEnd(world)
  await resumeAll(world)
  await stopAll(world)
  for (const [what, times] of Object.entries(diary.met)) met[what] = (met[what] ?? 0) + times
}

describe(`histories of jobs (FC_SEED=${seed})`, () => {
  test('P-REDUCE P-PARTS hold at every write of all of them, and each job ends', async () => {
    await fc.assert(fc.asyncProperty(history, live), {
      ...parameters,
      examples: pinned.map((course): [History] => [course]),
    })
    console.log(`seed ${seed}, ${runs} runs met`, met)
    if (!isWhole) return
    const all = ['completed', 'failed', 'cancelled', 'cancel', 'resume', 'resumed at the end', 'crash', 'reduce crash']
    const faults = ['freeze', 'fault before', 'fault after', 'death before apply', 'death after apply', 'source broke']
    const outside = ['report busy', 'report already_completed', 'delivered again', 'reduce message', 'run rejected']
    for (const what of [...all, ...faults, ...outside, 'all slots at work']) {
      expect(met[what], `${what} was never met`).toBeGreaterThan(0)
    }
  }, 600_000)
})
