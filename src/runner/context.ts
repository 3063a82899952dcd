/** What a handler is given. */
import type { Duration, Instant } from '../core/duration.ts'

/**
 * Keeps a line, cut to 1,000 characters. The first 100 of an attempt are stored with its task, about once a second while
 * it runs; `log.error` also counts as an error.
 */
export interface Log {
  (line: string): void
  error(line: string): void
}

/** What a handler is given, to be taken apart: `run: async ({ input, signal, log }) => {}`. */
export interface TaskContext<Input = unknown> {
  readonly id: string
  /** The definition's name. */
  readonly name: string
  /** The input, as the definition's schema makes it; the handler's own copy. */
  readonly input: Input
  /** Which execution this is: 1 for the first. Attempts that were given back are not counted. */
  readonly attempt: number
  /** Rises with every claim of this task, for ever: write it to your own database and refuse a lower one. */
  readonly fence: number
  /** When the task was meant to run. */
  readonly runAt: Instant
  /** Of a recurring task: when it last ended well; `undefined` at its first run. */
  readonly lastRunAt: Instant | undefined
  /** Aborts when the task ran over its timeout, was cancelled or lost, or the worker stops. `reason` says which. */
  readonly signal: AbortSignal
  readonly log: Log
  /**
   * Keeps an item: any JSON value. Items count only when this attempt turns out good. Await it: it resolves when the
   * storage can take more. Throws at once on what cannot be stored.
   */
  readonly emit: (item: unknown) => Promise<void>
  /** Keeps a request that this attempt made, as any JSON value, for the success check to read; otherwise as `emit`. */
  readonly request: (request: unknown) => Promise<void>
  /** Reports how far it is, as any JSON value; stored about once a second, the latest wins. */
  readonly progress: (value: unknown) => void
  /** Ends this attempt: the task runs again after the delay, and the attempt is not counted. Throws. */
  readonly snooze: (delay: Duration) => never
}
