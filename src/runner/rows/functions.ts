/** The four functions that an app may put in the place of the library's own, and what they are given. */
import { messageOf } from '../../core/error-record.ts'
import { expected } from '../../core/expect.ts'
import type { RowSource } from '../../storage/row-source.ts'
import type { RowSettings } from './definition.ts'

/** What each of the functions is given. */
export interface FunctionContext<Client> {
  /** What the source was made with: the database, the pool, the collection. */
  readonly client: Client
  /** The dispatcher's name. */
  readonly name: string
  /** Whose turn it is; reservation ids of this worker begin with it where the column holds text. */
  readonly worker: string
  readonly queueSize: number
  readonly maxTries: number
  readonly startWithinMs: number
  readonly maxDurationMs: number
}

export interface SlotsContext<Client> extends FunctionContext<Client> {
  /** How many rows this worker has reserved and not started. */
  readonly reserved: number
}

export interface LimitedContext<Client> extends FunctionContext<Client> {
  /** The most keys that are of use. What is beyond is left out. */
  readonly limit: number
}

/** One of the app's functions threw, or answered what cannot be: no fault of the database. `cause` is what it was. */
export class FunctionFailure extends Error {
  override readonly name = 'FunctionFailure'
}

/** Asks the app's functions, or answers as the seed does; checks what they answer. */
export class Functions {
  readonly #settings: RowSettings
  readonly #worker: string

  constructor(settings: RowSettings, worker: string) {
    this.#settings = settings
    this.#worker = worker
  }

  async allowing(): Promise<boolean> {
    const { allowing } = this.#settings
    if (!allowing) return true
    return this.#ask('allowing', async (context) => {
      const answer = await allowing(context)
      if (typeof answer !== 'boolean') throw expected('allowing', 'a function that answers true or false', answer)
      return answer
    })
  }

  async queueSlots(reserved: number): Promise<number> {
    const { queueSlots, queueSize } = this.#settings
    if (!queueSlots) return Math.max(0, queueSize - reserved)
    return this.#ask('queueSlots', async (context) => {
      const answer = await queueSlots({ ...context, reserved })
      // Below 0 is what the seed's own sum may give; it means none.
      if (Number.isSafeInteger(answer)) return Math.max(0, answer as number)
      throw expected('queueSlots', 'a function that answers an integer', answer)
    })
  }

  /** `undefined`: the source knows what is due. */
  async selecting(limit: number): Promise<string[] | undefined> {
    return this.#keys('selecting', limit)
  }

  /** `undefined`: the source knows what is over its time. */
  async relaunching(limit: number): Promise<string[] | undefined> {
    return this.#keys('relaunching', limit)
  }

  async #keys(option: 'selecting' | 'relaunching', limit: number): Promise<string[] | undefined> {
    const { source, [option]: choose } = this.#settings
    return (
      choose && this.#ask(option, async (context) => ids(option, source, await choose({ ...context, limit }), limit))
    )
  }

  async #ask<T>(option: string, call: (context: FunctionContext<unknown>) => Promise<T>): Promise<T> {
    const context = this.#context()
    try {
      return await call(context)
    } catch (cause) {
      const message = `A pass of "${this.#settings.name}" failed, going on trying: ${messageOf(cause)} (in \`${option}\`)`
      throw new FunctionFailure(message, { cause })
    }
  }

  #context(): FunctionContext<unknown> {
    const { source, name, queueSize, maxTries, startWithinMs, maxDurationMs } = this.#settings
    const worker = this.#worker
    return { client: source.client(), name, worker, queueSize, maxTries, startWithinMs, maxDurationMs }
  }
}

/** Each key once: one call of a source names a row once. */
function ids(option: string, source: RowSource, answer: unknown, limit: number): string[] {
  if (!Array.isArray(answer)) throw expected(option, 'a function that answers an array of keys', answer)
  const idOf = (key: unknown) => {
    try {
      return source.idOf(key)
    } catch (error) {
      // The likeliest mistake: whole rows in the place of their keys.
      throw new TypeError(`Expected \`${option}\` to be a function that answers keys. ${messageOf(error)}`)
    }
  }
  return [...new Set(answer.map(idOf))].slice(0, limit)
}
