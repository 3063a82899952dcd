/** One failure at the Nth call of each verb, before and after it took effect, for every N: as SQLite's anomaly tests. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { fixed, type TaskContext, task } from '../../src/index.ts'
import { faulty, manualClock } from '../../src/testing/index.ts'
import { once, proc, rowOf } from './kit.ts'
import { checkHistory, ledger } from './ledger.ts'

const course: Record<string, (context: TaskContext) => unknown> = {
  good: () => 'good',
  'bad once': ({ attempt }) => {
    if (attempt === 1) throw new Error('bad once')
    return 'good'
  },
  'snoozes once': ({ snooze, progress }) => {
    if (progressed.has('snoozed')) return 'good'
    progressed.add('snoozed')
    progress('half')
    return snooze('1s')
  },
  emits: async ({ emit, progress }) => {
    progress('begun')
    await emit({ item: 1 })
    return 'good'
  },
}
const progressed = new Set<string>()

describe.each(['insert', 'claim', 'extend', 'apply', 'get', 'find'] as const)('a %s', (verb) => {
  test.each(['before', 'after'] as const)(
    'DB-02 P-LOST P-ONE-OUTCOME P-ATTEMPT that fails %s it took effect, at its Nth call, for every N: all end once, attempts are exact',
    async (fault) => {
      for (let nth = 1; nth <= 12; nth++) {
        progressed.clear()
        const storage = ledger(memory())
        const clock = manualClock()
        const work = task('work', {
          retry: fixed({ maxAttempts: 2, delay: '1s' }),
          run: async (context: TaskContext<string>) => {
            await new Promise<void>((resolve) => void clock.after(1_500, resolve))
            return course[context.input]!(context as TaskContext)
          },
        })
        const a = proc([work], { storage: faulty(storage, once(verb, nth, fault)), clock, lease: '3s' })
        const adding = Promise.all(Object.keys(course).map((input) => a.work.add(work, input)))
        await clock.tick('1s')
        const added = await adding
        await a.work.start().catch(() => a.work.start())
        await clock.tick('30s')
        for (const { id } of added) {
          const row = await rowOf(storage, id)
          const tries = row.input === '"bad once"' ? 2 : 1
          expect({ nth, state: row.state, tries: row.tries }).toEqual({ nth, state: 'completed', tries })
          expect(storage.history(id).ends).toEqual(['completed'])
          checkHistory(storage, id)
        }
        await a.work.stop()
        expect(a.timers()).toBe(0)
      }
    },
  )
})
