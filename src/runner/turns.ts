/**
 * Lets the rest of the process have its turn.
 *
 * A storage in this process answers at once, and a handler need not wait for anything: all that is due, be it 100,000
 * parts, was then done within one turn of the event loop, while timers, signals and the app's servers stood still.
 */
import type { Awaitable, Storage } from '../storage/storage.ts'
import type { Clock } from './clock.ts'

/** How long the library goes on by itself. */
const longestMs = 10

export class Turns {
  readonly #clock: Clock
  #since = 0
  #next: Promise<void> | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What to wait for before going on, if others have waited for long enough. */
  due(now = this.#clock.monotonic()): Promise<void> | undefined {
    if (this.#next || now - this.#since < longestMs) return this.#next
    this.#next = new Promise((resolve) => {
      this.#clock.soon(() => {
        this.#next = undefined
        this.#since = this.#clock.monotonic()
        resolve()
      })
    })
    return this.#next
  }

  /** The same storage, whose answers come in a turn of their own when one is due: all long loops call it. */
  of(storage: Storage): Storage {
    const { now, watch, doctor, close } = storage
    return {
      traits: storage.traits,
      insert: (rows) => this.#after(storage.insert(rows)),
      claim: (request) => this.#after(storage.claim(request)),
      extend: (rows, until) => this.#after(storage.extend(rows, until)),
      apply: (changes) => this.#after(storage.apply(changes)),
      get: (ids) => this.#after(storage.get(ids)),
      find: (by, limit) => this.#after(storage.find(by, limit)),
      count: (by) => this.#after(storage.count(by)),
      ...(now && { now: () => now.call(storage) }),
      ...(watch && { watch: (wake) => watch.call(storage, wake) }),
      ...(doctor && { doctor: () => doctor.call(storage) }),
      ...(close && { close: () => close.call(storage) }),
    }
  }

  #after<T>(answer: Awaitable<T>): Awaitable<T> {
    const turn = this.due()
    // Both at once: a rejection that nobody waited for yet would end the process.
    return turn ? Promise.all([answer, turn]).then(([value]) => value) : answer
  }
}
