/** m01.remote's README, walked through sentence by sentence, and the rules of its source that concern tasks. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { FatalError, fixed, formatError, retryPresets, type TaskContext, task } from '../../../src/index.ts'
import { faulty, manualClock } from '../../../src/testing/index.ts'
import { gate, kit, onEachStorage } from './kit.ts'

const run = ({ input }: TaskContext<{ foo?: string; blah?: string }>) => input
const echo = task('echo', { run })
const error = task('error', {
  run: () => {
    throw new FatalError('An error occurred.')
  },
})
const fatal = task('fatal', {
  run: () => {
    throw new Error('An error occurred.')
  },
})
const definitions = [echo, error, fatal]

describe('the README', () => {
  test('M3 the code of a task is a function that can be called without the library', () => {
    expect(run({ input: { foo: 'blah' } } as TaskContext<{ foo: string }>)).toEqual({ foo: 'blah' })
  })

  onEachStorage('M4 M7 M8 an added task is waiting under a new text id and has no result yet', async (storage) => {
    const { work } = kit(definitions, { storage })
    const { id, status } = await work.add(echo, { foo: 'bar' })
    expect([status, typeof id]).toEqual(['added', 'string'])
    expect((await work.add(echo, { foo: 'bar' })).id).not.toBe(id)
    const info = await work.get(id)
    expect(info).toMatchObject({ name: 'echo', state: 'waiting', input: { foo: 'bar' }, attempts: 0, errors: [] })
    expect(info?.result).toBeUndefined()
  })

  onEachStorage(
    'M9 a task that is not being processed can be cancelled, stays listed, is never run',
    async (storage) => {
      const { work } = kit(definitions, { storage })
      const { id } = await work.add(echo, { foo: 'bar' })
      expect(await work.cancel(id)).toBe(true)
      expect(await work.cancel(id)).toBe(false)
      expect(await work.runNext()).toBeUndefined()
      expect((await work.get(id))?.state).toBe('cancelled')
      expect((await work.status()).tasks.echo).toEqual({ cancelled: 1 })
    },
  )

  test('M26 M27 a worker runs from start to stop, says so once, and starting twice does nothing', async () => {
    const { work, lines } = kit(definitions)
    expect(work.running).toBe(false)
    await Promise.all([work.start(), work.start()])
    expect([work.running, lines]).toEqual([true, ["info Worker 'root' started"]])
    await work.stop()
    expect([work.running, lines.slice(1)]).toEqual([false, ["info Worker 'root' stopped"]])
  })

  onEachStorage('M10 M11 the next task is processed, and its result is kept', async (storage) => {
    const { work } = kit(definitions, { storage })
    const { id } = await work.add(echo, { foo: 'bar' })
    expect(await work.runNext()).toMatchObject({ id, state: 'completed', result: { foo: 'bar' } })
    expect((await work.get(id))?.result).toEqual({ foo: 'bar' })
    expect(await work.runNext()).toBeUndefined()
  })

  onEachStorage('M12 M15 M16 a nice error fails the task at once with one entry', async (storage) => {
    const { work } = kit(definitions, { storage })
    const { id } = await work.add(error)
    expect(await work.runNext()).toMatchObject({ id, state: 'failed', reason: 'fatal', attempts: 1 })
    const info = await work.get(id)
    expect(info?.errors.map(formatError)).toEqual(['[2026-01-01T00:00:00.000+00:00] An error occurred.'])
  })

  onEachStorage('M13 M14 M17 any other error is tried three times in all, at once when told to', async (storage) => {
    const { work } = kit(definitions, { storage })
    const { id } = await work.add(fatal)
    const text = '[2026-01-01T00:00:00.000+00:00] An error occurred.'
    for (const [attempts, state] of [
      [1, 'waiting'],
      [2, 'waiting'],
      [3, 'failed'],
    ] as const) {
      expect(await work.runNext()).toMatchObject({ id, state, attempts })
      expect((await work.get(id))?.errors.map(formatError)).toEqual(Array(attempts).fill(text))
      // Its time has not come yet.
      expect(await work.runNext()).toBeUndefined()
      if (state === 'waiting') expect(await work.retry(id)).toBe(true)
    }
    expect((await work.get(id))?.reason).toBe('exhausted')
  })

  onEachStorage('M24 removing what is done counts it by state and leaves what waits', async (storage) => {
    const { work } = kit(definitions, { storage })
    await work.cancel((await work.add(echo, { foo: 'bar' })).id)
    await work.add(echo, { foo: 'bar' })
    await work.add(error)
    const { id } = await work.add(fatal)
    for (let attempt = 1; attempt <= 3; attempt++) {
      await work.drain()
      if (attempt < 3) await work.retry(id)
    }
    const left = await work.add(echo, { blah: 'blah' })
    expect(await work.purge()).toEqual({ cancelled: 1, completed: 1, failed: 2 })
    expect(await work.purge()).toEqual({ cancelled: 0, completed: 0, failed: 0 })
    expect((await work.status()).tasks).toEqual({ echo: { waiting: 1 }, error: {}, fatal: {} })
    expect((await work.runNext())?.id).toBe(left.id)
    expect(await work.runNext()).toBeUndefined()
  })
})

describe('the source', () => {
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
})
