/** Whatever a handler can do to its thread. */
import { FatalError, type TaskContext } from '../../../src/index.ts'

class Poison extends TypeError {
  readonly weight = 1n
}

const deeds: Record<string, (context: TaskContext) => unknown> = {
  exits: () => process.exit(3),
  throwsLater: () =>
    new Promise(() => {
      setTimeout(() => {
        throw new Poison('later')
      }, 5)
    }),
  rejectsBeside: () => {
    void Promise.reject(new Error('beside'))
    return new Promise(() => {})
  },
  spins: () => {
    for (;;);
  },
  neverEnds: () => new Promise(() => {}),
  grows: () => {
    const kept: unknown[] = []
    for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => ({ index })))
  },
  throws: () => {
    throw new Poison('bad', { cause: new RangeError('far') })
  },
  throwsNull: () => Promise.reject(null),
  isFatal: () => {
    throw new FatalError('never again')
  },
  returnsFunction: () => () => {},
  emitsFunction: ({ emit }) => emit(() => {}),
  snoozes: ({ snooze }) => snooze('5m'),
  snoozesQuietly: ({ snooze }) => {
    try {
      snooze('5m')
    } catch {}
    return 'not this'
  },
  leaves: () => {
    setTimeout(() => {
      throw new Error('left behind')
    }, 50)
    return 'done'
  },
  listens: async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    const { name, message } = signal.reason as Error
    throw new Error(`heard ${name}: ${message}`)
  },
  talks: ({ progress, emit }) => {
    for (let n = 1; n <= 5_000; n++) {
      progress({ n })
      void emit(n)
    }
    return 'said'
  },
  isFine: () => 'fine',
}

export default (context: TaskContext<string>) => {
  const [deed = '', name] = context.input.split(' ')
  if (deed === 'named') throw Object.assign(new Error('of that name'), { name })
  return deeds[deed]?.(context)
}
