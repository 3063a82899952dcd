/** What the thread of a handler and the one of the worker tell each other. */
import { describeError, type ErrorRecord } from '../../core/error-record.ts'
import { LeaseLostError, StoppingError, TimeoutError } from '../../core/errors.ts'

/** What a handler is given of its task. */
export interface Facts {
  readonly id: string
  readonly name: string
  readonly input: unknown
  readonly attempt: number
  readonly fence: number
  readonly runAt: number
  readonly lastRunAt: number | undefined
}

/** From the handler's thread, while it runs. `call` is answered once the item is taken. */
export type Said =
  | { readonly kind: 'begun' }
  | { readonly kind: 'log'; readonly line: string; readonly isError: boolean }
  | { readonly kind: 'progress'; readonly value: unknown }
  | { readonly kind: 'item' | 'request'; readonly call: number; readonly value: unknown }

/** To the handler's thread. */
export type Told =
  | { readonly kind: 'abort'; readonly reason: Described }
  | { readonly kind: 'taken'; readonly call: number; readonly error?: Described }

/** How a handler ended. */
export type Ended =
  | { readonly kind: 'good'; readonly result: unknown }
  | { readonly kind: 'unstorable'; readonly error: Described }
  | { readonly kind: 'bad'; readonly error: Described; readonly isFatal: boolean }
  | { readonly kind: 'snoozed'; readonly delayMs: number }

/** An error as it goes from one thread to another: of a class of the app's own nothing else would be left. */
export type Described = Pick<ErrorRecord, 'name' | 'message' | 'stack' | 'cause'>

export function described(thrown: unknown): Described {
  const { name, message, stack, cause } = describeError(thrown, 0, 0)
  return { name, message, ...(stack === undefined ? {} : { stack }), ...(cause === undefined ? {} : { cause }) }
}

/** Classes that a handler may ask for: the reasons of a signal. */
const classes = new Map<string, new (message: string) => Error>([
  ['LeaseLostError', LeaseLostError],
  ['StoppingError', StoppingError],
  ['TimeoutError', TimeoutError],
])

/** The error again. Its name is its own property: of the class itself nothing came over. */
export function errorOf({ name, message, stack, cause }: Described, Class = classes.get(name) ?? Error): Error {
  const error = new Class(message)
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name, configurable: true })
  if (stack !== undefined) error.stack = stack
  if (cause !== undefined) error.cause = causeOf(cause)
  return error
}

/** It was described as `Name: message`. */
function causeOf(text: string): Error {
  const [, name = 'Error', message = text] = /^([\w$]+): (.*)$/s.exec(text) ?? []
  return Object.assign(new Error(message), { name })
}
