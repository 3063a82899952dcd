/** Party's recurring task: after a good end it says itself when it runs again. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { memory } from '../../adapters/memory/index.ts'
import { type Completion, fixed, type TaskContext, task } from '../../src/index.ts'
import { faulty } from '../../src/testing/index.ts'
import { proc } from '../runner/kit.ts'
import { setUp, start } from './kit.ts'

const minute = 60_000

function recurring(
  onComplete: (completion: Completion) => void,
  run: (context: TaskContext<unknown>) => unknown = () => 'done',
) {
  const house = setUp()
  const bill = task('bill', {
    run: (context: TaskContext<unknown>) => run(context),
    retry: fixed({ maxAttempts: 3, delay: '10s' }),
    onComplete,
    recurring: true,
  })
  return { ...house, bill, work: house.make({ definitions: [bill] }) }
}

test('Y4 Y7 every 30 minutes, from its end: the same task, its attempts from the first on', async () => {
  const seen: unknown[] = []
  const { clock, bill, work } = recurring(
    ({ scheduleNextRun }) => void scheduleNextRun({ minutes: 30 }),
    ({ id, attempt, runAt, lastRunAt }) => {
      seen.push([id, attempt, (runAt - start) / minute, lastRunAt && (lastRunAt - start) / minute])
      if (attempt === 1 && seen.length === 2) throw new Error('bad')
    },
  )
  const { id } = await work.add(bill, { customer: 7 })
  await work.start()
  await clock.tick('65m')
  const late = 30 + 1 / 6
  expect(seen).toEqual([
    [id, 1, 0, undefined],
    [id, 1, 30, 0],
    [id, 2, 30, 0],
    [id, 1, 60 + 1 / 6, late],
  ])
  expect(await work.get(id)).toMatchObject({ state: 'waiting', attempts: 0, errors: [], result: undefined })
  await work.stop()
})

test('Y7 what it is told: the input as the handler was given it, and the result', async () => {
  const told: unknown[] = []
  const house = setUp()
  const bill = task('bill', {
    input: z.object({ customer: z.string().transform(Number), since: z.number().default(2020) }),
    run: ({ input }) => ({ paid: input.customer * 2 }),
    onComplete: ({ input, result }) => void told.push({ input, result }),
  })
  const work = house.make({ definitions: [bill] })
  await work.add(bill, { customer: '7' })
  await work.drain()
  expect(told).toEqual([{ input: { customer: 7, since: 2020 }, result: { paid: 14 } }])
})

test('Y3 Y7 from its own time, which does not drift', async () => {
  const runs: number[] = []
  const day = 24 * 60 * minute
  const { clock, bill, work } = recurring(
    ({ runAt, scheduleNextRun }) => void scheduleNextRun({ at: new Date(runAt + 30 * day) }),
    ({ runAt }) => void runs.push((runAt - start) / day),
  )
  await work.add(bill, 'monthly')
  for (let month = 0; month < 3; month++) {
    await clock.tick('5h')
    await work.drain()
    await clock.tick('25d')
    await clock.tick('5d')
  }
  expect(runs).toEqual([0, 30, 60])
})

describe('Y6 one task of each definition and input', () => {
  test('a duplicate is refused with the one that is there, whatever the order of its keys, until that is done', async () => {
    const { clock, bill, work } = recurring(({ runAt, scheduleNextRun }) => {
      if (runAt === start) scheduleNextRun({ minutes: 30 })
    })
    const first = await work.add(bill, { customer: 7, plan: { a: 1, b: [2] } })
    const again = { plan: { b: [2], a: 1 }, customer: 7 }
    expect(await work.add(bill, again)).toEqual({ id: first.id, status: 'duplicate' })
    expect((await work.add(bill, { customer: 8 })).status).toBe('added')
    expect((await work.add(bill)).status).toBe('added')
    expect((await work.add(bill, null)).status).toBe('added')
    await work.drain()
    expect(await work.add(bill, again)).toEqual({ id: first.id, status: 'duplicate' })
    await clock.tick('31m')
    await work.drain()
    expect(await work.get(first.id)).toMatchObject({ state: 'completed', result: 'done', key: undefined })
    expect((await work.add(bill, again)).status).toBe('added')
  })

  test('of any length', async () => {
    const { bill, work } = recurring(() => {})
    const long = { text: 'x'.repeat(10_000) }
    const { id } = await work.add(bill, long)
    expect(await work.add(bill, { ...long })).toEqual({ id, status: 'duplicate' })
    expect((await work.add(bill, { text: 'x'.repeat(10_001) })).status).toBe('added')
  })

  test('a key beside it is refused, and a schedule of it', async () => {
    const { bill, work } = recurring(() => {})
    await expect(work.add(bill, 1, { key: 'k' })).rejects.toThrow(/no `key` for a recurring task/)
    await expect(work.schedule(bill, { every: '1m' })).rejects.toThrow(/does not recur by itself/)
    expect(() => task('none', { run: () => {}, recurring: true })).toThrow(/`onComplete` beside `recurring`/)
    expect(() => task('none', { run: () => {}, onComplete: 1 as never })).toThrow(/`onComplete`/)
    expect(() => task('none', { run: () => {}, recurring: 1 as never })).toThrow(/`recurring`/)
  })
})

describe('Y5 B36 no endless loop', () => {
  const ended = async (onComplete: (completion: Completion) => void) => {
    let runs = 0
    const house = recurring(onComplete, () => ++runs)
    const { clock, bill, storage } = house
    const one = proc([bill], { storage, clock })
    const { id } = await one.work.add(bill)
    await one.work.start()
    await clock.tick('2m')
    const { state, errors } = (await one.work.get(id))!
    const stopping = one.work.stop()
    await clock.tick('1s')
    await stopping
    const warned = one.lines.filter((line) => line.startsWith('warn')).map((line) => line.replace(id, 'ID'))
    return { runs, state, errors: errors.map(({ message }) => message), warned }
  }

  test('it forgets to set a time: it is completed', async () => {
    expect(await ended(() => {})).toEqual({ runs: 1, state: 'completed', errors: [], warned: [] })
  })

  test('it sets one that is past: that is told, and it is completed', async () => {
    const { warned, ...rest } = await ended(({ runAt, scheduleNextRun }) => {
      expect(scheduleNextRun({ at: runAt - minute })).toBe(false)
    })
    expect(rest).toEqual({ runs: 1, state: 'completed', errors: [] })
    expect(warned).toEqual(['warn Task ID (bill) will not run again: 2025-12-31T23:59:00.000Z, its next run, is past'])
  })

  test('it sets another one then: that counts', async () => {
    const { state, warned } = await ended(({ runAt, scheduleNextRun }) => {
      if (!scheduleNextRun({ at: runAt - minute })) scheduleNextRun({ minutes: 60 })
    })
    expect([state, warned]).toEqual(['waiting', []])
  })

  test.each([{ minutes: 0 }, { minutes: -1 }, { minutes: '5m' }, { at: 5 }, {}, { minutes: 1, at: start }, undefined])(
    'what is no time is a failure of the attempt, with what was expected: %j',
    async (next) => {
      const { runs, state, errors } = await ended(({ scheduleNextRun }) => void scheduleNextRun(next as { minutes: 1 }))
      expect([runs, state, errors.length]).toEqual([3, 'failed', 3])
      expect(errors[0]).toMatch(/^Expected/)
    },
  )

  test('it sets one after it has ended: refused', async () => {
    let late: (() => unknown) | undefined
    await ended(({ scheduleNextRun }) => {
      late = () => scheduleNextRun({ minutes: 1 })
    })
    expect(() => late?.()).toThrow(/before `onComplete` has ended/)
  })
})

test('listeners hear of each run with its result; items of earlier runs do not pile up', async () => {
  const { clock, bill, work, storage } = recurring(
    ({ scheduleNextRun }) => void scheduleNextRun({ minutes: 1 }),
    async ({ emit, runAt }) => {
      await emit({ at: runAt })
      return runAt
    },
  )
  const heard: unknown[] = []
  work.on('completed', ({ result }) => heard.push(((result as number) - start) / minute))
  const { id } = await work.add(bill)
  await work.start()
  await clock.tick('190s')
  expect(heard).toEqual([0, 1, 2, 3])
  expect((await storage.find({ parent: id }, 10)).rows).toEqual([])
  await work.stop()
})

test('two runs that end well in one millisecond are two', async () => {
  const told: string[] = []
  const { clock, bill, work } = recurring(({ scheduleNextRun }) => {
    if (told.length === 2) return
    scheduleNextRun({ at: clock.now() + 1 })
    // It takes so long to say so that the first of these times has come, and the second not.
    if (told.length === 0) clock.step(2)
  })
  for (const event of ['completed', 'returned'] as const) work.on(event, () => void told.push(event))
  await work.add(bill, 1)
  expect(await work.drain()).toBe(2)
  expect(told).toEqual(['completed', 'completed'])
})

test('Y20 a task that depends on another is put off by 10 minutes until that is done, and not for ever (B36)', async () => {
  const { clock, make } = setUp()
  const runs: number[] = []
  const load = task('load', { run: () => {} })
  const churn = task('churn', {
    run: async ({ runAt, snooze }: TaskContext<string>) => {
      const before = await work.get('load')
      const isLate = clock.now() - runAt > 60 * minute
      if (before?.state !== 'completed' && !isLate) snooze('10m')
      runs.push((clock.now() - start) / minute)
    },
  })
  const work = make({ definitions: [load, churn] })
  await work.add(load, undefined, { id: 'load', delay: '25m' })
  await work.add(churn, 'x')
  await work.start()
  await clock.tick('35m')
  expect(runs).toEqual([30])
  await work.stop()
})

describe('Y22 a process that dies, or a call that fails, at each of its writes', () => {
  /** `strike` is asked at each apply: what else there is only reads, or claims again. */
  const course = async (strike: (nth: number) => 'pass' | 'before' | 'after' | 'die') => {
    const runs: number[] = []
    const house = setUp(undefined, memory())
    const { clock, storage } = house
    const bill = task('bill', {
      run: ({ runAt, attempt }: TaskContext<unknown>) => {
        runs.push((runAt - start) / minute)
        expect(attempt).toBeLessThanOrEqual(2)
      },
      retry: fixed({ maxAttempts: 3, delay: 0 }),
      onComplete: ({ runAt, scheduleNextRun }) => {
        if (runAt < start + 2 * minute) scheduleNextRun({ at: runAt + minute })
      },
      recurring: true,
    })
    const adder = house.make({ definitions: [bill] })
    const { id } = await adder.add(bill, 7)
    let calls = 0
    let isStruck = false
    const spawn = () => {
      const one = proc([bill], {
        storage: faulty(storage, (verb) => {
          if (verb !== 'apply') return 'pass'
          const what = isStruck ? 'pass' : strike(++calls)
          if (what === 'pass') return 'pass'
          isStruck = true
          if (what === 'die') one.kill()
          return what === 'die' ? 'hang' : what
        }),
        clock,
        lease: '5s',
      })
      void one.work.start().catch(() => {})
      return one
    }
    spawn()
    for (let round = 0; round < 30 && (await storage.get([id]))[0]?.state !== 'completed'; round++) {
      await clock.tick('10s')
      if (round === 2) spawn()
    }
    expect(await adder.get(id)).toMatchObject({ state: 'completed' })
    return { calls, runs }
  }

  test('each run comes, at its time, in order, and the task stays one', async () => {
    const { calls, runs } = await course(() => 'pass')
    expect(runs).toEqual([0, 1, 2])
    expect(calls).toBeGreaterThanOrEqual(3)
    for (let nth = 1; nth <= calls; nth++) {
      for (const what of ['before', 'after', 'die'] as const) {
        const { runs: seen } = await course((call) => (call === nth ? what : 'pass'))
        expect([...new Set(seen)], `${what} ${nth}`).toEqual([0, 1, 2])
        expect(seen.length, `${what} ${nth}`).toBeLessThanOrEqual(4)
      }
    }
  })
})
