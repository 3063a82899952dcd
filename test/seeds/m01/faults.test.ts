/** What went wrong in m01 and p01, on the same ground here. */
import { expect, test } from 'vitest'
import { fixed, type TaskContext, task } from '../../../src/index.ts'
import { kit, onEachStorage } from '../../runner/face/kit.ts'
import { later, proc } from '../../runner/kit.ts'

onEachStorage('B14 what a dead worker was processing is processed by another', async (storage) => {
  const { clock } = kit([])
  const stuck = task('report', { run: () => new Promise(() => {}) })
  const dying = proc([stuck], { storage, clock })
  const { id } = await dying.work.add(stuck)
  await dying.work.start()
  await clock.settle()
  expect((await dying.work.get(id))?.state).toBe('running')
  dying.kill()
  const { work } = kit([task('report', { run: () => 'done' })], { storage, clock })
  await work.start()
  await clock.tick('20s')
  expect((await work.get(id))?.state).toBe('running')
  await clock.tick('40s')
  expect(await work.get(id)).toMatchObject({ state: 'completed', result: 'done', attempts: 2 })
  await work.stop()
})

onEachStorage(
  'B15 a job that is cancelled while it runs stays cancelled, whatever becomes of its run',
  async (storage) => {
    const doors = { resolves: later<string>(), rejects: later<string>() }
    const slow = task('slow', {
      run: ({ input }: TaskContext<keyof typeof doors>) => doors[input].promise,
    })
    const { work, clock } = kit([slow], { storage })
    // The worker learns of it at its next beat: until then it takes the run for its own.
    const { work: operator } = kit([slow], { storage, clock })
    const [one, two] = await work.add([slow.with('resolves'), slow.with('rejects')])
    await work.start()
    await clock.settle()
    for (const added of [one, two]) expect(await operator.cancel(added!.id)).toBe(true)
    doors.resolves.resolve('completed after all')
    doors.rejects.reject(new Error('failed after all'))
    await clock.tick('1m')
    for (const added of [one, two]) {
      expect(await work.get(added!.id)).toMatchObject({ state: 'cancelled', result: undefined, attempts: 1 })
    }
    await work.stop()
  },
)

test('B19 a stop waits for the jobs that run, and begins no other', async () => {
  const ended: number[] = []
  const { clock } = kit([])
  const slow = task('slow', {
    run: async ({ input }: TaskContext<number>) => {
      await new Promise<void>((resolve) => void clock.after(input, resolve))
      ended.push(input)
    },
  })
  const { work } = kit([slow], { clock, concurrency: 2 })
  await work.add([3_000, 1_000, 2_000].map((ms) => slow.with(ms)))
  await work.start()
  await clock.settle()
  let isStopped = false
  const stopping = work.stop({ timeout: '10s' }).then((report) => {
    isStopped = true
    return report
  })
  await clock.tick('2s')
  expect([ended, isStopped]).toEqual([[1_000], false])
  await clock.tick('2s')
  expect(await stopping).toEqual({ givenBack: [], abandoned: [] })
  expect(ended).toEqual([1_000, 3_000])
  expect((await work.status()).tasks.slow).toEqual({ completed: 2, waiting: 1 })
})

onEachStorage('B20 each job counts its own failures, also where others fail between; none is lost', async (storage) => {
  const runs: Record<string, number> = {}
  const failing = task('failing', {
    retry: fixed({ maxAttempts: 3, delay: '10s' }),
    run: ({ input }: TaskContext<string>) => {
      runs[input] = (runs[input] ?? 0) + 1
      throw new Error(input)
    },
  })
  const { work, clock } = kit([failing], { storage, concurrency: 1 })
  const added = await work.add(['a', 'b', 'c', 'd'].map((name) => failing.with(name)))
  await work.start()
  await clock.tick('30s')
  expect(runs).toEqual({ a: 3, b: 3, c: 3, d: 3 })
  for (const [index, { id }] of added.entries()) {
    const { attempts, state, errors } = (await work.get(id))!
    const name = 'abcd'[index]
    expect([attempts, state, errors.map(({ message }) => message)]).toEqual([3, 'failed', [name, name, name]])
  }
  await work.stop()
})

test('B21 the time of a retry counts from the failure, however long the run was', async () => {
  const began: number[] = []
  const { clock } = kit([])
  const start = clock.now()
  const slow = task('slow', {
    retry: fixed({ maxAttempts: 2, delay: '10s' }),
    run: async () => {
      began.push(clock.now() - start)
      await new Promise<void>((resolve) => void clock.after(60_000, resolve))
      throw new Error('An error occurred.')
    },
  })
  const { work } = kit([slow], { clock })
  await work.add(slow)
  await work.start()
  await clock.tick('3m')
  expect(began).toEqual([0, 70_000])
  await work.stop()
})
