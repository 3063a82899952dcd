/** Runs in a thread: loads the app's handler, gives it a context, and tells the worker's thread what it says. */
import type { MessagePort } from 'node:worker_threads'
import { durationMs } from '../../core/duration.ts'
import { FatalError, PayloadError } from '../../core/errors.ts'
import { expected } from '../../core/expect.ts'
import { copyOf } from '../../core/payload.ts'
import { described, type Ended, errorOf, type Facts, type Said, type Told } from './messages.ts'

/** What `snooze` throws here. */
class Snoozed {
  readonly delayMs: number

  constructor(delayMs: number) {
    this.delayMs = delayMs
  }
}

/** One attempt. Whatever the handler does, the answer can be told. */
export default async function attempt(given: { file: string; facts: Facts; port: MessagePort }): Promise<Ended> {
  const { file, facts, port } = given
  const handling = new Handling(facts, port)
  try {
    const module: { readonly default?: unknown } = await import(file)
    const handler = module.default
    if (typeof handler !== 'function') {
      throw expected('file', `a module whose default export is a handler (${file})`, handler)
    }
    return handling.endedWith(await handler(handling.context()))
  } catch (error) {
    return handling.failedWith(error)
  } finally {
    port.close()
  }
}

class Handling {
  readonly #facts: Facts
  readonly #port: MessagePort
  readonly #controller = new AbortController()
  readonly #calls = new Map<number, { resolve: () => void; reject: (error: Error) => void }>()
  #lastCall = 0
  #snoozed: Snoozed | undefined

  constructor(facts: Facts, port: MessagePort) {
    this.#facts = facts
    this.#port = port
    port.on('message', (told: Told) => this.#hear(told))
    this.#say({ kind: 'begun' })
  }

  context() {
    const log = (line: unknown) => this.#say({ kind: 'log', line: String(line), isError: false })
    const error = (line: unknown) => this.#say({ kind: 'log', line: String(line), isError: true })
    return {
      ...this.#facts,
      signal: this.#controller.signal,
      log: Object.assign(log, { error }),
      emit: (item: unknown) => this.#keep('item', item),
      request: (request: unknown) => this.#keep('request', request),
      progress: (value: unknown) => this.#say({ kind: 'progress', value: storable(value) }),
      snooze: (delay: unknown): never => {
        this.#snoozed = new Snoozed(durationMs('delay', delay))
        throw this.#snoozed
      },
    }
  }

  endedWith(result: unknown): Ended {
    if (this.#snoozed) return { kind: 'snoozed', delayMs: this.#snoozed.delayMs }
    try {
      return { kind: 'good', result: copyOf(result) }
    } catch (error) {
      return { kind: 'unstorable', error: described(error) }
    }
  }

  failedWith(error: unknown): Ended {
    if (error instanceof Snoozed) return { kind: 'snoozed', delayMs: error.delayMs }
    return { kind: 'bad', error: described(error), isFatal: isFatal(error) }
  }

  #hear(told: Told): void {
    if (told.kind === 'abort') {
      this.#controller.abort(errorOf(told.reason))
      return
    }
    const call = this.#calls.get(told.call)
    this.#calls.delete(told.call)
    if (told.error) call?.reject(errorOf(told.error))
    else call?.resolve()
  }

  #keep(kind: 'item' | 'request', value: unknown): Promise<void> {
    const call = ++this.#lastCall
    this.#say({ kind, call, value: storable(value) })
    const taken = new Promise<void>((resolve, reject) => this.#calls.set(call, { resolve, reject }))
    // A handler that does not wait for the answer must not end its thread by it.
    taken.catch(() => {})
    return taken
  }

  #say(said: Said): void {
    this.#port.postMessage(said)
  }
}

/** Throws at once, where the handler made its mistake. */
function storable(value: unknown): unknown {
  if (value === undefined) throw new PayloadError('$', 'undefined')
  return copyOf(value)
}

function isFatal(error: unknown): boolean {
  try {
    return error instanceof FatalError
  } catch {
    return false
  }
}
