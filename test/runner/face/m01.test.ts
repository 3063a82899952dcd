/** What m01.remote's source says of jobs beyond its README. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { fixed, retryPresets, type TaskContext, task } from '../../../src/index.ts'
import { faulty, manualClock } from '../../../src/testing/index.ts'
import { gate, kit } from './kit.ts'

const echo = task('echo', { run: ({ input }: TaskContext<{ foo?: string }>) => input })
const fatal = task('fatal', {
  run: () => {
    throw new Error('An error occurred.')
  },
})
const definitions = [echo, fatal]

test('M1 one process may only add and another only run', async () => {
  const { work: adder, storage, clock } = kit(definitions)
  const { work: runner } = kit(definitions, { storage, clock })
  await runner.start()
  const { id } = await adder.add(echo, { foo: 'bar' })
  await clock.tick('2s')
  expect([adder.running, (await adder.get(id))?.state]).toEqual([false, 'completed'])
  await runner.stop()
})

test('M5 M25 a definition that is not known is refused by name, a state that may not be removed too', async () => {
  const { work } = kit(definitions)
  await expect(work.add(task('x', { run: () => {} }))).rejects.toThrow(/`definition`.*"x"/)
  await work.cancel((await work.add(echo, {})).id)
  const states = ['cancelled', 'waiting'] as unknown as ['cancelled']
  await expect(work.purge({ states })).rejects.toThrow('`"waiting"`')
  expect((await work.status()).tasks.echo).toEqual({ cancelled: 1 })
  expect(await work.purge({ states: ['failed'] })).toEqual({ failed: 0 })
})

test('M6 an input that is left out is the default of the schema', async () => {
  const greet = task('greet', {
    input: z.object({ name: z.string() }).default({ name: 'world' }),
    run: ({ input }) => `hello ${input.name}`,
  })
  const { work } = kit([greet])
  await work.add(greet)
  expect((await work.runNext())?.result).toBe('hello world')
})

test('M7 an unknown id has no information and no explanation', async () => {
  const { work } = kit(definitions)
  expect(await work.get('nobody')).toBeUndefined()
  await expect(work.explain('nobody')).rejects.toMatchObject({ code: 'not_found' })
  await expect(work.cancel('nobody')).rejects.toMatchObject({ code: 'not_found' })
})

test('M18 a retry waits for the delay of the policy, 10 seconds unless told otherwise', async () => {
  const { work, clock } = kit(definitions)
  const { id } = await work.add(fatal)
  await work.start()
  await clock.tick('9.9s')
  expect((await work.get(id))?.attempts).toBe(1)
  await clock.tick('200ms')
  expect((await work.get(id))?.attempts).toBe(2)
  await work.stop()
  expect(retryPresets.m01({ attempt: 3, error: { name: 'Error', message: '' }, random: () => 0 })).toBe('stop')
})

test('M19 of two processes that take the same task one gets it', async () => {
  const { work, storage, clock } = kit(definitions)
  const { work: other } = kit(definitions, { storage, clock })
  await work.add(echo, {})
  const taken = await Promise.all([work.runNext(), other.runNext()])
  expect(taken.filter((info) => info !== undefined)).toHaveLength(1)
})

test('M20 M30 one at a time runs them in the order of adding', async () => {
  const started: string[] = []
  const { work } = kit(definitions, { concurrency: 1 })
  work.on('started', ({ id }) => started.push(id))
  const added = await work.add([1, 2, 3, 4].map((number) => echo.with({ foo: String(number) })))
  expect(await work.drain()).toBe(4)
  expect(started).toEqual(added.map(({ id }) => id))
})

test.each([
  { at: 2, finished: ['1', '2', '3', '4'] },
  { at: 5, finished: ['1', '3', '2', '4'] },
])('M28 M30 $at at once finish as their durations say, never more than $at together', async ({ at, finished }) => {
  const clock = manualClock()
  const ended: string[] = []
  let together = 0
  let most = 0
  const sleep = task('sleep', {
    run: async ({ input }: TaskContext<{ name: string; ms: number }>) => {
      most = Math.max(most, ++together)
      await new Promise<void>((resolve) => clock.after(input.ms, resolve))
      together--
      ended.push(input.name)
    },
  })
  const { work } = kit([sleep], { concurrency: at, clock })
  await work.start()
  await work.add([30, 50, 30, 80].map((ms, index) => sleep.with({ name: String(index + 1), ms })))
  await clock.tick('200ms')
  expect(ended).toEqual(finished)
  expect(most).toBe(Math.min(at, 4))
  await work.stop()
})

test('M22 a task knows when it was added, meant to run, and done', async () => {
  const { work, clock } = kit(definitions)
  const at = clock.now()
  const { id } = await work.add(echo, {}, { delay: '5m' })
  await clock.tick('10m')
  await work.runNext()
  expect(await work.get(id)).toMatchObject({ addedAt: at, runAt: at + 300_000, doneAt: at + 600_000 })
})

test('M29 an error in the loop does not end the worker', async () => {
  const { storage, clock } = kit([])
  const broken = faulty(storage, (verb, call) => (verb === 'claim' && call <= 3 ? 'before' : 'pass'))
  const { work, lines } = kit(definitions, { storage: broken, clock })
  await work.start()
  const { id } = await work.add(echo, {})
  await clock.tick('5s')
  expect((await work.get(id))?.state).toBe('completed')
  expect(lines.filter((line) => line.startsWith('warn'))).toHaveLength(1)
  await work.stop()
})

test('M15 M31 a task whose attempts all fail runs a bounded number of times', async () => {
  const door = gate()
  const often = task('often', {
    retry: fixed({ maxAttempts: 5, delay: 0 }),
    run: async () => {
      await door.opened
      throw new Error('again')
    },
  })
  const { work } = kit([often])
  const { id } = await work.add(often)
  door.open()
  expect(await work.drain()).toBe(5)
  expect(await work.get(id)).toMatchObject({ state: 'failed', attempts: 5 })
})
