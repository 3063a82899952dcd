/** m01.remote's README, walked through sentence by sentence. */
import { describe, expect, test } from 'vitest'
import { FatalError, formatError, type TaskContext, task } from '../../../src/index.ts'
import { kit, onEachStorage } from './kit.ts'

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
