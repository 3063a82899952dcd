/** Dispatches whose process dies, or stands still while another dispatch begins, at each of its storage calls in turn. */
import { describe, expect, test, vi } from 'vitest'
import * as chance from '../jobs/chance.ts'
import { checkEnd, drain } from './modelling/drain.ts'
import type { DispatchPlan, Step, ValuePlan } from './modelling/plan.ts'
import { type Death, trackerId, World } from './modelling/world.ts'

vi.mock('../../src/runner/randomness.ts', () => chance)

const takes = (tookMs: number, ...course: Step[]): ValuePlan => ({ course, tookMs })
const values = [
  takes(1_000),
  takes(1_000),
  takes(1_000, 'bad'),
  takes(1_000, 'crash', 'good'),
  takes(3_000),
  takes(1_000),
  takes(1_000),
  takes(3_000),
]
const first: DispatchPlan = { items: [0, 1, { again: 2 }, 2, 4, 7, 'null'], workers: 3, begin: false, gapMs: null }

interface Course {
  /** What another process is at when this one begins. */
  readonly before?: DispatchPlan
  /** That is cancelled and its process dies: by this process, or by another that dies as well, in the middle of it. */
  readonly cancelledBy?: 'this one' | 'another'
  /** What this process begins; nothing where it only works. */
  readonly plan?: DispatchPlan
  /** What another process begins when this one has died or stands still. */
  readonly after?: DispatchPlan
}

const courses: Record<string, Course> = {
  'a first dispatch': { plan: first, after: first },
  'one that goes on with others': {
    before: first,
    plan: { ...first, items: [7, 0, 3, 5, 6, 2], workers: 2 },
    after: { ...first, items: [6, 3, 1, 2] },
  },
  'two that have nothing in common': {
    plan: { ...first, items: [0, 1, 5] },
    after: { ...first, items: [2, 4, 7, 6, 'missing', 'no JSON'] },
  },
  'two that read slowly, side by side': {
    plan: { ...first, items: [0, 1, 5, 6, 7, 4], gapMs: 300 },
    after: { ...first, items: [7, 4, 6, 5, 3, 2], workers: 1, gapMs: 200 },
  },
  'one that begins from scratch': {
    before: first,
    plan: { ...first, items: [7, 0, 5, 6], begin: true },
    after: { ...first, items: [0, 1, 2, 5, 4], workers: 2 },
  },
  'one that begins from scratch beside executions that go on': {
    before: { ...first, items: [0, 2, 4, 1, 7, 5, 6], workers: 4 },
    plan: { ...first, begin: true },
  },
  'two that begin from scratch': {
    before: { ...first, items: [0, 1, 5, 6], workers: 4 },
    plan: { ...first, begin: true },
    after: { ...first, items: [6, 5, 4, 0, 1], begin: true },
  },
  'a worker that sweeps what was cancelled': {
    before: { ...first, items: [2, 4, 7, 5, 6, 8], workers: 2 },
    cancelledBy: 'another',
    after: { ...first, items: [4, 7, 5, 6], workers: 4 },
  },
  'a process that cancels it': {
    before: { ...first, items: [2, 4, 7, 5, 6, 8], workers: 2 },
    cancelledBy: 'this one',
    after: { ...first, items: [4, 7, 5, 6], workers: 4 },
  },
}

async function live(
  { before, cancelledBy, plan, after }: Course,
  end: Death,
): Promise<{ world: World; isMet: boolean }> {
  chance.reseed(7)
  const world = new World(values)
  const { clock } = world
  const other = await world.spawn()
  if (before) world.dispatch(other, before)
  // Some of it is done, some is under way.
  await clock.tick(cancelledBy ? '1200ms' : '1500ms')
  if (cancelledBy === 'this one') other.kill()
  if (cancelledBy === 'another') {
    // Who cancels it dies before its executions are skipped.
    world.deaths = [{ how: 'kill', verb: 'apply', nth: 1, when: 'after' }]
    const canceller = await world.spawn()
    void canceller.work.cancel(trackerId)
    await clock.tick('100ms')
    other.kill()
    await clock.tick('400ms')
    expect([canceller.isDead(), world.storage.tracker()?.state]).toEqual([true, 'cancelled'])
  }
  const endsBefore = endsMet(world)
  world.deaths = [end]
  const one = await world.spawn()
  if (plan) world.dispatch(one, plan)
  if (cancelledBy === 'this one') void one.work.cancel(trackerId).catch(() => {})
  await clock.tick('800ms')
  if (after?.begin) await clock.tick('50ms')
  if (after) world.dispatch(cancelledBy ? await world.spawn() : other, after)
  await clock.tick('1500ms')
  world.mend()
  return { world, isMet: endsMet(world) > endsBefore }
}

/** How many processes were killed or frozen at a call. */
function endsMet({ diary }: World): number {
  const ends = Object.entries(diary.met).filter(([what]) => /^(?:kill|freeze) /.test(what))
  return ends.reduce((sum, [, times]) => sum + times, 0)
}

const ends: readonly Omit<Death, 'nth'>[] = [
  { how: 'kill', when: 'before' },
  { how: 'kill', when: 'after' },
  { how: 'freeze', when: 'before' },
  { how: 'freeze', when: 'after' },
]

describe.each(Object.entries(courses))('P-DISPATCH CR-08 %s', (_, course) => {
  test.each(ends)('keeps what is promised with a $how $when whichever call', async (end) => {
    let nth = 1
    for (; ; nth++) {
      const { world, isMet } = await live(course, { ...end, nth })
      // It makes no more calls than that.
      if (!isMet) break
      const call = await drain(world, { ...(course.after ?? first), begin: false }).catch((error: Error) => {
        error.message = `${end.how} ${end.when} call ${nth}: ${error.message}`
        throw error
      })
      await checkEnd(world, call)
    }
    console.log(`${nth - 1} calls`)
    expect(nth).toBeGreaterThan(15)
  })
})
