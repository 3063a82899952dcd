/** Handlers that end too late or never. */
import { describe, expect, test } from 'vitest'
import { type TaskContext, TimeoutError, task } from '../../src/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { later, proc } from './kit.ts'

const never = () => new Promise<never>(() => {})

describe('a handler that does not settle', () => {
  test('ER-03 is aborted at its timeout, reported as stuck, and its place goes to the next', async () => {
    const clock = manualClock()
    const reasons: unknown[] = []
    const deaf = task('deaf', {
      timeout: '10s',
      retry: () => 'stop',
      run: ({ signal }: TaskContext) => {
        signal.addEventListener('abort', () => reasons.push(signal.reason))
        return never()
      },
    })
    const next = task('next', { run: () => 'ran' })
    const a = proc([deaf, next], { clock, concurrency: 1 })
    const stuck: string[] = []
    a.work.on('stuck', ({ id }) => stuck.push(id))
    const { id } = await a.work.add(deaf)
    await a.work.start()
    await clock.tick('1s')
    const other = await a.work.add(next)
    await clock.tick('14s')
    expect(reasons[0]).toBeInstanceOf(TimeoutError)
    await clock.tick('2s')
    expect(stuck).toEqual([id])
    expect(await a.work.get(id)).toMatchObject({ state: 'failed', errors: [{ name: 'TimeoutError' }] })
    expect((await a.work.get(other.id))?.state).toBe('completed')
    await a.work.stop()
    expect(a.timers()).toBe(0)
  })

  test('ER-04 settles after all: ignored, told once, logged once', async () => {
    const clock = manualClock()
    const end = later<string>()
    const work = task('work', { timeout: '10s', retry: () => 'stop', run: () => end.promise })
    const a = proc([work], { clock })
    const late: string[] = []
    a.work.on('late', ({ id }) => late.push(id))
    const { id } = await a.work.add(work)
    await a.work.start()
    await clock.tick('20s')
    const before = await a.work.get(id)
    end.resolve('too late')
    end.resolve('again')
    end.reject(new Error('and again'))
    await clock.tick('1s')
    expect(await a.work.get(id)).toEqual(before)
    expect(late).toEqual([id])
    expect(a.lines.filter((line) => line.startsWith('warn'))).toHaveLength(1)
  })
})
