/** Courses of jobs whose process dies at a write of its own: at each of them in turn, before it and after it. */
import { describe, expect, test, vi } from 'vitest'
import { jobOf, jobRow } from '../../src/storage/job-codec.ts'
import * as chance from './chance.ts'
import { checkEnd, drain } from './drain.ts'
import { type JobPlan, type PartPlan, planOf, type Step } from './plan.ts'
import { type Death, type Member, World } from './world.ts'

vi.mock('../../src/runner/randomness.ts', () => chance)

const part = (...course: Step[]): PartPlan => ({ course, tookMs: 1_000 })
const good = part()
const slow = { course: [], tookMs: 12_000 }
const failing = part('fails', 'fails', 'fails')

interface Course {
  readonly plan: JobPlan
  readonly ends: 'completed' | 'failed' | 'cancelled'
  /** What somebody wants of the job beside that it runs; nothing once that was done. */
  readonly act?: (world: World, member: Member) => Promise<unknown> | undefined
}

const stateOf = ({ storage }: World) => storage.get(['job'])[0]?.state

/** Once the job has failed, what was wrong is put right, and it is resumed. */
const resume = (world: World, member: Member) => {
  if (stateOf(world) !== 'failed') return undefined
  world.diary.mended = true
  return member.work.retry('job')
}

const courses: Record<string, Course> = {
  'parts that run at once': { plan: planOf({ size: 3 }), ends: 'completed' },
  'no parts': { plan: planOf({ size: 0 }), ends: 'completed' },
  'five parts, one after another': { plan: planOf({ size: 5, workers: 1 }), ends: 'completed' },
  'five parts, two at once': { plan: planOf({ parts: [good, good, good, good, good], workers: 2 }), ends: 'completed' },
  'parts that come one by one': { plan: planOf({ size: 9, workers: 3, gapMs: 400 }), ends: 'completed' },
  'a part and a reduce that are tried again': {
    plan: planOf({ parts: [good, part('bad'), part('snooze')], reduce: ['bad'], workers: 2 }),
    ends: 'completed',
  },
  'a part that fails, as it may': {
    plan: planOf({ parts: [good, part('fatal', 'fatal', 'fatal'), good], threshold: 1 }),
    ends: 'completed',
  },
  'a part that fails its job': { plan: planOf({ parts: [good, failing, good, good], workers: 2 }), ends: 'failed' },
  'a reduce that fails': { plan: planOf({ size: 2, reduce: ['fatal', 'fatal', 'fatal'] }), ends: 'failed' },
  'parts brought by messages': { plan: planOf({ kind: 'carried', size: 3, unsent: 1 }), ends: 'completed' },
  'all of it by messages, two at once': { plan: planOf({ kind: 'announced', size: 5, workers: 2 }), ends: 'completed' },
  'a job that is cancelled': {
    plan: planOf({ parts: [slow, slow, slow, slow], workers: 2 }),
    ends: 'cancelled',
    act: (world, member) =>
      ['open', 'mapping', 'reducing'].includes(stateOf(world) ?? '') ? member.work.cancel('job') : undefined,
  },
  'a job that is resumed': {
    plan: planOf({ parts: [good, failing, good, good, good], workers: 2 }),
    ends: 'completed',
    act: resume,
  },
  'a reduce that is resumed': {
    plan: planOf({ size: 3, reduce: ['fatal', 'fatal', 'fatal'] }),
    ends: 'completed',
    act: resume,
  },
}

async function live({ plan, act }: Course, ...deaths: Death[]): Promise<World> {
  chance.reseed(7)
  const world = new World({ job: plan })
  world.deaths = deaths
  await drain(world, (member) => act?.(world, member)?.catch(() => {}))
  return world
}

describe.each(Object.entries(courses))('P-REDUCE P-PARTS %s', (_, course) => {
  test('ends as it should whichever write is the last of its process', async () => {
    const undisturbed = await live(course)
    const { writes } = undisturbed
    expect(stateOf(undisturbed)).toBe(course.ends)
    let dead = 0
    for (let nth = 1; nth <= writes; nth++) {
      for (const when of ['before', 'after'] as const) {
        const world = await live(course, { nth, when })
        checkEnd(world)
        expect(stateOf(world), `killed ${when} write ${nth}`).toBe(course.ends)
        if (Object.keys(world.diary.met).some((what) => what.startsWith('death'))) dead++
        const run = jobOf(jobRow(world.storage.get(['job'])[0])!)
        expect(run.workers).toBe(course.plan.workers ?? null)
      }
    }
    console.log(`${writes} writes, ${dead} deaths`)
    expect(dead).toBeGreaterThan(writes)
  })
})
