/** Events: what each one says, and that a listener or a logger can do no harm. */
import { describe, expect, test, vi } from 'vitest'
import { FatalError, fixed, type Piecework, type PieceworkEvents, piecework, task } from '../../../src/index.ts'
import { faulty, manualClock } from '../../../src/testing/index.ts'
import { gate, kit } from './kit.ts'

const everyEvent = [
  'added',
  'started',
  'completed',
  'failed',
  'retrying',
  'returned',
  'cancelled',
  'lost',
  'stuck',
  'late',
  'lag',
  'storage_down',
  'storage_up',
] as const satisfies readonly (keyof PieceworkEvents)[]

function heard(work: Piecework): [string, unknown][] {
  const events: [string, unknown][] = []
  for (const name of everyEvent) work.on(name, (event: unknown) => void events.push([name, event]))
  return events
}

describe('what is told', () => {
  test('of a task that is retried and then completes', async () => {
    const flaky = task('flaky', {
      retry: fixed({ delay: '10s' }),
      run: ({ attempt, snooze }) => {
        if (attempt === 1) throw new Error('down')
        return events.filter(([name]) => name === 'returned').length === 0 ? snooze('1m') : 'up'
      },
    })
    const { work, clock } = kit([flaky])
    const events = heard(work)
    const begun = clock.now()
    await work.start()
    const { id } = await work.add(flaky)
    await clock.tick('2m')
    const who = { id, name: 'flaky' }
    const error = expect.objectContaining({ name: 'Error', message: 'down', attempt: 1, at: begun })
    expect(events).toEqual([
      ['added', who],
      ['started', { ...who, attempt: 1 }],
      ['retrying', { ...who, attempt: 1, error, retryAt: begun + 10_000 }],
      ['started', { ...who, attempt: 2 }],
      ['returned', { ...who, attempt: 2, runAt: begun + 70_000 }],
      ['started', { ...who, attempt: 2 }],
      ['completed', { ...who, attempt: 2, result: 'up' }],
    ])
    await work.stop()
  })

  test('of tasks that fail, are cancelled, or do not end when they are told to', async () => {
    const door = gate()
    const nice = task('nice', { run: () => Promise.reject(new FatalError('no')) })
    const deaf = task('deaf', { timeout: '1s', retry: fixed({ maxAttempts: 1 }), run: () => door.opened })
    const { work, clock } = kit([nice, deaf])
    await work.start()
    const events = heard(work)
    const failing = await work.add(nice)
    await clock.settle()
    expect(events.at(-1)).toEqual([
      'failed',
      {
        ...{ id: failing.id, name: 'nice', attempt: 1 },
        reason: 'fatal',
        error: expect.objectContaining({ message: 'no' }),
      },
    ])
    events.length = 0
    const stuck = await work.add(deaf)
    await clock.tick('10s')
    door.open()
    await clock.settle()
    expect(events.map(([name]) => name)).toEqual(['added', 'started', 'stuck', 'failed', 'late'])
    expect(events[2]?.[1]).toEqual({ id: stuck.id, name: 'deaf', attempt: 1 })
    events.length = 0
    const { id } = await work.add(deaf, undefined, { hold: true })
    await work.cancel(id)
    expect(events.at(-1)).toEqual(['cancelled', { id, name: 'deaf' }])
    await work.stop()
  })

  test('of a running task that is cancelled here: its signal aborts and the attempt is lost', async () => {
    const reasons: unknown[] = []
    const wait = task('wait', {
      run: ({ signal }) =>
        new Promise<void>((resolve) =>
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason)
            resolve()
          }),
        ),
    })
    const { work, clock } = kit([wait])
    await work.start()
    const { id } = await work.add(wait)
    await clock.settle()
    const events = heard(work)
    expect(await work.cancel(id)).toBe(true)
    await clock.settle()
    expect(reasons).toMatchObject([{ name: 'LeaseLostError', message: 'The task was cancelled' }])
    expect(events.map(([name]) => name).sort()).toEqual(['cancelled', 'lost'])
    expect((await work.get(id))?.state).toBe('cancelled')
    await work.stop()
  })

  test('of a storage that goes away and comes back', async () => {
    const clock = manualClock()
    const echo = task('echo', { run: () => {} })
    let down = false
    const storage = faulty(kit([]).storage, () => (down ? 'before' : 'pass'))
    const { work, lines } = kit([echo], { storage, clock })
    const events = heard(work)
    await work.start()
    down = true
    await clock.tick('30s')
    down = false
    await clock.tick('10s')
    expect(events).toEqual([
      ['storage_down', { error: expect.objectContaining({ message: expect.stringContaining('faulty') }) }],
      ['storage_up', { downMs: expect.any(Number) }],
    ])
    expect(lines.filter((line) => line.startsWith('warn')).length).toBeLessThanOrEqual(4)
    await work.stop()
  })
})

test('once hears once, off hears no more, and both may be called while an event is told', async () => {
  const echo = task('echo', { run: () => {} })
  const { work } = kit([echo])
  const calls: string[] = []
  const listener = () => {
    calls.push('on')
    work.off('added', listener)
  }
  expect(work.on('added', listener)).toBe(work)
  expect(work.once('added', () => void calls.push('once'))).toBe(work)
  await work.add(echo)
  await work.add(echo)
  expect(calls).toEqual(['on', 'once'])
  expect(work.off('added', listener)).toBe(work)
})

describe('ER-05 what a user hangs in', () => {
  const echo = task('echo', { run: () => 'done' })

  test('a listener that throws, rejects or throws nonsense is logged, and nothing else changes', async () => {
    const { work, lines } = kit([echo])
    const later: string[] = []
    work.on('completed', () => {
      throw new Error('my metric is down')
    })
    work.on('completed', (() => Promise.reject(new Error('my metric is slow'))) as () => void)
    work.on('completed', () => {
      throw null
    })
    work.on('completed', ({ id }) => void later.push(id))
    const { id } = await work.add(echo)
    expect((await work.runNext())?.state).toBe('completed')
    expect(later).toEqual([id])
    expect(lines.map((line) => line.replace(/^error A listener of "completed" failed: /, ''))).toEqual([
      'my metric is down',
      'threw `null`',
      'my metric is slow',
    ])
  })

  test('a logger that throws or rejects changes nothing', async () => {
    const boom = () => {
      throw new Error('the disk is full')
    }
    const reject = () => Promise.reject(new Error('the collector is away'))
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    for (const log of [boom, reject as () => void]) {
      const logger = { info: log, warn: log, error: log }
      const { storage, clock } = kit([])
      const work = piecework({ storage, clock, logger, definitions: [echo] })
      work.on('completed', boom)
      await work.start()
      const { id } = await work.add(echo)
      await clock.settle()
      expect((await work.get(id))?.state).toBe('completed')
      await work.stop()
    }
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })
})
