/** What the processes of the soak run: every kind of handler that there is, each telling of its starts and good ends. */
import { setTimeout as sleep } from 'node:timers/promises'
import { FatalError, fixed, type TaskContext, type TaskDefinition, type TaskOptions, task } from '../../src/index.ts'

/** What a task is to do; the checks read it back from the row. */
export interface Load {
  /** Milliseconds of work, items to emit, or how often to fail: whatever its definition counts. */
  readonly size: number
}

/** The result names the attempt that made it, so that a result of another attempt would show. */
export interface Made {
  readonly fence: number
  readonly attempt: number
}

/** One line of the log, appended before the handler goes on: `start`, then `good` as the last thing it does. */
export type Tell = (what: 'start' | 'good', context: Pick<TaskContext, 'id' | 'attempt' | 'fence'>) => void

/** The most attempts of a task that fails each time, and of any other. */
export const maxAttempts = { hopeless: 3, poison: 10, others: 12 } as const

/** Items of a `lister`: big enough that a few of them fill a row. */
export const itemOf = (fence: number, index: number): string =>
  `${fence}:${index}:${'i'.repeat(index % 9 === 0 ? 30_000 : 10)}`

const patient = { retry: fixed({ maxAttempts: maxAttempts.others, delay: 20 }), maxCrashes: maxAttempts.others }

function blockFor(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

type Handler = (context: TaskContext<Load>) => void | Promise<void>

export function definitions(tell: Tell): Record<string, TaskDefinition<Load, Made>> {
  const made: Record<string, TaskDefinition<Load, Made>> = {}
  const define = (name: string, run: Handler, options: Partial<TaskOptions<TaskContext<Load>, Made>> = {}): void => {
    made[name] = task<Load, Made>(name, {
      ...patient,
      ...options,
      run: async (context: TaskContext<Load>): Promise<Made> => {
        const { id, attempt, fence } = context
        tell('start', { id, attempt, fence })
        await run(context)
        tell('good', { id, attempt, fence })
        return { fence, attempt }
      },
    })
  }

  define('quick', () => {})
  define('nap', ({ input }) => sleep(input.size))
  define('keyed', ({ input }) => sleep(input.size))
  define('limited', ({ input }) => sleep(input.size), { concurrency: 1 })
  define('busy', () => blockFor(5))
  // Longer than a lease: only its beats keep it.
  define('long', ({ signal }) => sleep(1_400, undefined, { signal }))
  // The same, without letting anybody beat.
  define('blocker', () => blockFor(1_300))
  define('flaky', ({ input, attempt }) => {
    if (attempt <= input.size) throw new Error(`attempt ${attempt} of a flaky task`)
  })
  define(
    'hopeless',
    () => {
      throw new Error('always')
    },
    { retry: fixed({ maxAttempts: maxAttempts.hopeless, delay: 15 }) },
  )
  define('fatal', () => {
    throw new FatalError('at once')
  })
  define('snoozer', ({ runAt, snooze }) => {
    if (Date.now() < runAt + 150) snooze(40)
  })
  define('lister', async ({ fence, input, emit }) => {
    for (let index = 0; index < input.size; index++) await emit(itemOf(fence, index))
  })
  define('reporter', async ({ input, progress, log, signal }) => {
    for (let step = 0; step < input.size; step++) {
      progress({ step })
      log(`step ${step}`)
      await sleep(60, undefined, { signal })
    }
  })
  define('poison', () => process.kill(process.pid, 'SIGKILL') as never, {
    retry: fixed({ maxAttempts: maxAttempts.poison, delay: 0 }),
    maxCrashes: 3,
  })
  return made
}
