/** Two processes meet at the end of a job: every order of their next calls. */
import { expect, test, vi } from 'vitest'
import * as chance from './chance.ts'
import { checkEnd, drain } from './drain.ts'
import { type JobPlan, planOf } from './plan.ts'
import { orders, stalls, Turnstile } from './turnstile.ts'
import { World } from './world.ts'

vi.mock('../../src/runner/randomness.ts', () => chance)

const turns = 9

const slow = { course: [], tookMs: 5_000 }

/** Two processes at a job, each with room for one part at a time. */
async function house(plan: JobPlan, tickMs: number) {
  chance.reseed(1)
  const turnstile = new Turnstile()
  const world = new World({ job: plan }, { concurrency: 1, gate: turnstile.gate })
  const [one, other] = [await world.spawn(), await world.spawn()]
  void world.run(one, 'job')
  await world.clock.tick(tickMs)
  return { world, turnstile, one, other, state: () => world.storage.get(['job'])[0]?.state }
}

/** Both are in the middle of their part; from here on their calls wait for their turns. */
async function meeting(parts: number) {
  const met = await house(planOf({ parts: Array.from({ length: parts }, () => slow) }), 3_000)
  expect(met.world.diary.starts).toHaveLength(parts)
  met.turnstile.close()
  return met
}

test('MR-01 the last two parts end at the same time: whatever comes first, one reduce is set off and committed', async () => {
  let most = 0
  for (const order of orders(turns)) {
    const { world, turnstile } = await meeting(2)
    await world.clock.tick('4s')
    most = Math.max(most, await turnstile.play(order, () => world.clock.settle()))
    await drain(world)
    checkEnd(world)
    expect(world.storage.get(['job'])[0]?.state).toBe('completed')
    expect(world.storage.setOff('job')).toBe(1)
  }
  expect(most, 'the calls that were ordered').toBeGreaterThan(turns)
})

test('MR-09 a cancel races the last part and the reduce: one of them wins, and no reduce is left behind', async () => {
  const met = { cancelled: 0, completed: 0 }
  for (const order of orders(turns)) {
    const { world, turnstile, one, other } = await meeting(1)
    const canceller = world.diary.starts[0]!.isDead === one.isDead ? other : one
    let answer: boolean | undefined
    const ticking = world.clock.tick('4s')
    void canceller.work.cancel('job').then((cancelled) => {
      answer = cancelled
    })
    await ticking
    await turnstile.play(order, () => world.clock.settle())
    await drain(world)
    checkEnd(world)
    const state = world.storage.get(['job'])[0]?.state as keyof typeof met
    expect(answer, `cancel answered ${answer}, and the job is ${state}`).toBe(state === 'cancelled')
    met[state]++
    const wakeAts = ['job', 'job/00000000'].map((id) => world.storage.get([id])[0]?.wakeAt)
    expect(wakeAts, 'nothing of it is due any more').toEqual([null, null])
  }
  console.log(met)
  expect(met.cancelled).toBeGreaterThan(0)
  expect(met.completed).toBeGreaterThan(0)
})

const failing = { course: ['fails', 'fails', 'fails'] as const, tookMs: 0 }

test('two resumes at once: one of them counts, and no slot of the job is lost', async () => {
  for (const order of stalls(12, 16)) {
    const plan = planOf({ parts: [failing, slow, slow, slow], workers: 2 })
    const { world, turnstile, one, other, state } = await house(plan, 10_000)
    expect(state()).toBe('failed')
    world.diary.mended = true
    turnstile.close()
    const answers = [one, other].map((member) => member.work.retry('job'))
    await turnstile.play(order, () => world.clock.settle())
    expect(await Promise.all(answers)).toContain(true)
    await drain(world)
    checkEnd(world)
    expect(state()).toBe('completed')
  }
})

test('P-PARTS a resume beside those who still skip the parts of the job: none stays skipped', async () => {
  for (const order of stalls(10, 24)) {
    const { world, turnstile, one, other, state } = await house(
      planOf({ parts: [slow, slow, slow, slow], workers: 2 }),
      3_000,
    )
    turnstile.close()
    let resumed: boolean | undefined
    const over = one.work.cancel('job').then(() => other.work.retry('job'))
    void over.then((answer) => {
      resumed = answer
    })
    await turnstile.play(order, () => world.clock.settle())
    await drain(world)
    checkEnd(world)
    // A sweep that was claimed just then keeps the job, and its resumption has to be asked for again.
    expect(state()).toBe(resumed ? 'completed' : 'cancelled')
  }
})

test('P-PARTS MR-03 a resume beside those who claimed parts while the job was over: what they skip is opened again', async () => {
  let skipped = 0
  for (const order of stalls(10, 30)) {
    const first = { course: ['fails'] as const, tookMs: 5_000 }
    const { world, turnstile, other, state } = await house(planOf({ parts: [first, slow, slow, slow] }), 4_900)
    turnstile.close()
    const resume = async () => {
      for (let tries = 0; tries < 30; tries++) if (await other.work.retry('job')) return
    }
    const ticking = world.clock.tick(200)
    void resume()
    await ticking
    await turnstile.play(order, () => world.clock.settle())
    const isLate = world.storage.parts('job').some(({ state }) => state === 'skipped')
    if (state() === 'mapping' && isLate) skipped++
    world.diary.mended = true
    await drain(world)
    checkEnd(world)
    if (state() !== 'completed') expect(state()).toBe('failed')
  }
  expect(skipped, 'parts that were skipped too late').toBeGreaterThan(0)
})

test('a job that fails beside somebody who asks about it: no part is opened again for nobody', async () => {
  for (const order of stalls(8, 24)) {
    // It is asked about thirty seconds after its beginning, which is when its first part fails.
    const first = { course: ['fails'] as const, tookMs: 30_000 }
    const { world, turnstile, state } = await house(planOf({ parts: [first, slow, slow], workers: 1 }), 29_900)
    turnstile.close()
    await world.clock.tick(200)
    await turnstile.play(order, () => world.clock.settle())
    await drain(world)
    checkEnd(world)
    expect(state()).toBe('failed')
  }
})
