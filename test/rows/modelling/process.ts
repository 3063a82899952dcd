/** An instance that stands for a process, on a source of its own: it can be frozen, killed, and cut off at any call. */
import {
  type Piecework,
  type PieceworkEvents,
  type PieceworkOptions,
  piecework,
  type RowDispatcher,
} from '../../../src/index.ts'
import type { RowSource, Storage } from '../../../src/storage/index.ts'
import type { ManualClock } from '../../../src/testing/index.ts'

export const rowVerbs = ['open', 'reserve', 'write', 'lapsed', 'held', 'look'] as const
export type RowVerb = (typeof rowVerbs)[number]

/** Before it was done, after it was done and unanswered, or answered so many milliseconds late; below 0: done so late. */
export type RowFault = 'pass' | 'before' | 'after' | number

export interface RowProcess {
  readonly work: Piecework
  readonly clock: ManualClock
  readonly lines: string[]
  /** What it told, as `event id attempt`. */
  readonly events: string[]
  freeze(): void
  thaw(): void
  kill(): void
  isDead(): boolean
  isFrozen(): boolean
  timers(): number
}

export interface RowProcessOptions<Row, Client> {
  readonly source: RowSource<Row, Client>
  readonly clock: ManualClock
  readonly definitions: (
    source: RowSource<Row, Client>,
    clock: ManualClock,
  ) => readonly (RowDispatcher | NonNullable<PieceworkOptions['definitions']>[number])[]
  readonly storage?: Storage
  readonly concurrency?: number
  readonly onCall?: (verb: RowVerb, when: 'before' | 'after', args: readonly unknown[]) => void
  readonly fault?: (verb: RowVerb) => RowFault
}

const told = [
  'started',
  'completed',
  'failed',
  'retrying',
  'returned',
  'lost',
  'gone',
  'expired',
  'stuck',
  'late',
] as const

export function rowProcess<Row, Client>(options: RowProcessOptions<Row, Client>): RowProcess {
  const { clock, storage, onCall = () => {}, fault = () => 'pass' } = options
  let state: 'runs' | 'frozen' | 'dead' = 'runs'
  let thawing: (() => void)[] = []
  const timers = new Set<object>()
  const lines: string[] = []
  const events: string[] = []
  const pass = () => (state === 'runs' ? undefined : new Promise<void>((resolve) => thawing.push(resolve)))
  const pause = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))

  const wrapped: Record<string, unknown> = {}
  for (const verb of rowVerbs) {
    // Looked up at each call: a test may put another in its place.
    const call = (...args: unknown[]) => (options.source[verb] as (...args: unknown[]) => unknown)(...args)
    wrapped[verb] = async (...args: unknown[]) => {
      onCall(verb, 'before', args)
      await pass()
      const strikes = fault(verb)
      if (strikes === 'before') throw new Error(`${verb} failed before it was done`)
      if (typeof strikes === 'number' && strikes < 0) await pause(-strikes)
      const answer = await call(...args)
      onCall(verb, 'after', args)
      if (typeof strikes === 'number' && strikes > 0) await pause(strikes)
      await pass()
      if (strikes === 'after') throw new Error(`the answer of ${verb} was lost`)
      return answer
    }
  }
  const own: ManualClock = {
    ...clock,
    after(delayMs, callback) {
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
  const log = (level: string) => (message: string) => void lines.push(`${level} ${message}`)
  const { source: inner } = options
  const source: RowSource<Row, Client> = {
    title: inner.title,
    client: () => inner.client(),
    idOf: (key) => inner.idOf(key),
    count: (maxTries) => inner.count(maxTries),
    now: () => inner.now(),
    statements: () => inner.statements(),
    close: () => inner.close?.(),
    ...(wrapped as Pick<RowSource<Row, Client>, RowVerb>),
  }
  const work = piecework({
    definitions: options.definitions(source, own),
    clock: own,
    logger: { info: log('info'), warn: log('warn'), error: log('error') },
    ...(storage && { storage }),
    ...(options.concurrency && { concurrency: options.concurrency }),
  } as PieceworkOptions)
  for (const name of told) {
    const listen = ({ id, attempt }: { id: string; attempt: number }) => void events.push(`${name} ${id} ${attempt}`)
    work.on(name, listen as PieceworkEvents[typeof name])
  }
  return {
    work,
    clock: own,
    lines,
    events,
    freeze() {
      if (state === 'runs') state = 'frozen'
    },
    thaw() {
      if (state !== 'frozen') return
      state = 'runs'
      for (const go of thawing.splice(0)) go()
    },
    kill() {
      state = 'dead'
      thawing = []
    },
    isDead: () => state === 'dead',
    isFrozen: () => state === 'frozen',
    timers: () => timers.size,
  }
}
