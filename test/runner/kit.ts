/** What the tests of failure share: instances that stand for processes, and can be frozen, cut off or killed like them. */
import { memory } from '../../adapters/memory/index.ts'
import { type Piecework, type PieceworkOptions, piecework } from '../../src/index.ts'
import type { Storage } from '../../src/storage/index.ts'
import { type Fault, type ManualClock, manualClock, type Verb } from '../../src/testing/index.ts'

export const verbs: readonly Verb[] = ['insert', 'claim', 'extend', 'apply', 'get', 'find', 'count']

export interface Proc {
  readonly work: Piecework
  /** Stops it as SIGSTOP does: no timer fires, no call goes out, no answer comes in. */
  freeze(): void
  thaw(): void
  /** As `kill -9`: frozen for ever. */
  kill(): void
  /** What it logged, as `level message`. */
  readonly lines: string[]
  /** How many of its timers are set. */
  timers(): number
}

export interface ProcOptions extends Partial<Omit<PieceworkOptions, 'clock' | 'definitions'>> {
  readonly clock?: ManualClock
  /** Sees each call, before it takes effect and after; it may kill the process there. */
  readonly onCall?: (verb: Verb, when: 'before' | 'after', args: readonly unknown[], answer?: unknown) => void
}

export function proc(definitions: PieceworkOptions['definitions'], options: ProcOptions = {}): Proc {
  const { storage = memory(), clock = manualClock(), onCall = () => {}, ...rest } = options
  let state: 'runs' | 'frozen' | 'dead' = 'runs'
  let thawing: (() => void)[] = []
  const timers = new Set<object>()
  const lines: string[] = []
  const log = (level: string) => (message: string) => void lines.push(`${level} ${message}`)
  const pass = () => (state === 'runs' ? undefined : new Promise<void>((resolve) => thawing.push(resolve)))

  const wrapped: Record<string, unknown> = {}
  for (const verb of verbs) {
    const call = storage[verb].bind(storage) as (...args: unknown[]) => unknown
    wrapped[verb] = async (...args: unknown[]) => {
      onCall(verb, 'before', args)
      await pass()
      const answer = await call(...args)
      onCall(verb, 'after', args, answer)
      await pass()
      return answer
    }
  }
  const own = {
    ...clock,
    after(delayMs: number, callback: () => void) {
      const timer = {}
      timers.add(timer)
      const cancel = clock.after(delayMs, () => {
        const fire = () => timers.delete(timer) && callback()
        if (state === 'runs') fire()
        else thawing.push(fire)
      })
      return () => {
        timers.delete(timer)
        cancel()
      }
    },
  }
  return {
    work: piecework({
      logger: { info: log('info'), warn: log('warn'), error: log('error') },
      ...rest,
      definitions,
      storage: Object.assign(Object.create(storage) as Storage, wrapped),
      clock: own,
    }),
    freeze() {
      if (state === 'runs') state = 'frozen'
    },
    thaw() {
      if (state === 'dead') return
      state = 'runs'
      for (const go of thawing.splice(0)) go()
    },
    kill() {
      state = 'dead'
      thawing = []
    },
    lines,
    timers: () => timers.size,
  }
}

/** A promise and its ends. */
export function later<T = void>() {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** The only row of this id, straight from the storage. */
export async function rowOf(storage: Storage, id: string) {
  const [row] = await storage.get([id])
  if (!row) throw new Error(`no row ${id}`)
  return row
}

/** A plan for `faulty` that strikes one call of one verb. */
export function once(verb: Verb, nth: number, fault: Fault) {
  return (called: Verb, call: number): Fault => (called === verb && call === nth ? fault : 'pass')
}
