/** What a running instance tells, and how listeners are kept from doing harm. */
import { EventEmitter } from 'node:events'
import type TypedEmitter from 'typed-emitter'
import type { Instant } from '../core/duration.ts'
import { type ErrorRecord, messageOf } from '../core/error-record.ts'
import { expected, expectFunction } from '../core/expect.ts'
import type { FailureReason } from '../core/task.ts'

/** Which task, and which of its attempts. */
export interface TaskEvent {
  readonly id: string
  readonly name: string
  readonly attempt: number
}

/** All events, told by the process that did the thing, after it was stored. */
export type PieceworkEvents = {
  added: (event: { readonly id: string; readonly name: string }) => void
  started: (event: TaskEvent) => void
  completed: (event: TaskEvent & { readonly result: unknown }) => void
  /** No attempt is left, or the failure was final. */
  failed: (event: TaskEvent & { readonly reason: FailureReason; readonly error: ErrorRecord | undefined }) => void
  /** It failed and will be tried again. */
  retrying: (event: TaskEvent & { readonly error: ErrorRecord; readonly retryAt: Instant }) => void
  /** The attempt ended without counting: a snooze, or the worker stopped. */
  returned: (event: TaskEvent & { readonly runAt: Instant }) => void
  cancelled: (event: { readonly id: string; readonly name: string }) => void
  /** A part that was due and whose job had failed or was cancelled: its body did not run. */
  skipped: (event: { readonly id: string; readonly name: string }) => void
  /** Its lease was lost or it was cancelled elsewhere: what this attempt did is not recorded. */
  lost: (event: TaskEvent) => void
  /** A row of the app's own table was deleted while it was worked on: there is nothing to write. */
  gone: (event: TaskEvent) => void
  /** A row's reservation was over its time and was taken back; `attempt` is how often the row was started. */
  expired: (event: TaskEvent) => void
  /** It ran over its time or was aborted and did not end; its place was given to others. */
  stuck: (event: TaskEvent) => void
  /** A stuck attempt ended after all; its outcome is ignored. */
  late: (event: TaskEvent) => void
  /** The event loop stood still for so long that leases are in danger. */
  lag: (event: { readonly lagMs: number; readonly leaseMs: number }) => void
  storage_down: (event: { readonly error: unknown }) => void
  storage_up: (event: { readonly downMs: number }) => void
}

/** The compiler finds one that is missing. */
const all: Readonly<Record<keyof PieceworkEvents, true>> = {
  added: true,
  started: true,
  completed: true,
  failed: true,
  retrying: true,
  returned: true,
  cancelled: true,
  skipped: true,
  lost: true,
  gone: true,
  expired: true,
  stuck: true,
  late: true,
  lag: true,
  storage_down: true,
  storage_up: true,
}

/** All that an instance tells. */
export const eventNames = Object.keys(all) as readonly (keyof PieceworkEvents)[]

/** A listener of an event that there is not would wait for ever. @throws TypeError */
export function checkListener(event: string, listener: unknown): void {
  if (!Object.hasOwn(all, event)) throw expected('event', `one of ${eventNames.join(', ')}`, event)
  expectFunction('listener', listener)
}

/** Where the library writes what nobody listens to. `console` fits. */
export interface Logger {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

/** Warnings and errors go to the console, the rest nowhere. */
export const defaultLogger: Logger = {
  info: () => {},
  warn: (message) => console.warn(message),
  error: (message) => console.error(message),
}

type Payload<Name extends keyof PieceworkEvents> = Parameters<PieceworkEvents[Name]>[0]

/** Calls listeners. One that throws or rejects is logged; it never touches a task. */
export class Notifier {
  readonly emitter = new EventEmitter() as TypedEmitter<PieceworkEvents>
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** `payload` is only made when somebody listens. */
  tell<Name extends keyof PieceworkEvents>(name: Name, payload: () => Payload<Name>): void {
    if (this.emitter.listenerCount(name) === 0) return
    const event = payload()
    // rawListeners keeps the wrappers of `once`, which take themselves out when they are called.
    for (const listener of this.emitter.rawListeners(name) as ((event: Payload<Name>) => unknown)[]) {
      try {
        const answer = listener(event)
        if (answer instanceof Promise) answer.catch((error: unknown) => this.#complain(name, error))
      } catch (error) {
        this.#complain(name, error)
      }
    }
  }

  info(message: string): void {
    this.#log('info', message)
  }

  warn(message: string): void {
    this.#log('warn', message)
  }

  #complain(name: string, error: unknown): void {
    this.#log('error', `A listener of "${name}" failed: ${messageOf(error)}`)
  }

  #log(level: keyof Logger, message: string): void {
    // A logger that throws or rejects has nowhere to say so.
    try {
      const answer: unknown = this.#logger[level](message)
      if (answer instanceof Promise) answer.catch(() => {})
    } catch {}
  }
}
