/** Writes how a row's body ended, and tells it. */
import { describeError, type ErrorRecord, messageOf } from '../../core/error-record.ts'
import { release } from '../../core/reservation.ts'
import type { RowMoveName, RowStanding } from '../../core/row-moves.ts'
import type { Engine } from '../engine.ts'
import type { RowSettings } from './definition.ts'
import { eventOf, type RowAttempt, type RowVerdict } from './row-attempt.ts'
import type { RowWriter, Written } from './row-writer.ts'

type OwnMove = Exclude<RowMoveName, 'reserve'>
type Failure = Extract<RowVerdict, { readonly error: unknown }>

export class RowSettler {
  readonly #engine: Engine
  readonly #settings: RowSettings
  readonly #writer: RowWriter
  readonly #release: (attempt: RowAttempt) => void
  /** Rows that failed and keep their place for a while: called, they are freed at once. */
  readonly #resting = new Map<() => void, Promise<void>>()

  /** `release` hears of each attempt that is through, whatever became of it. */
  constructor(engine: Engine, settings: RowSettings, writer: RowWriter, release: (attempt: RowAttempt) => void) {
    this.#engine = engine
    this.#settings = settings
    this.#writer = writer
    this.#release = release
  }

  /** Counts a try. Rejects when the writing is over. */
  async start(attempt: RowAttempt): Promise<boolean> {
    const { notifier } = this.#engine
    const written = await this.#write(attempt, 'active', 'start')
    if (written === 'applied') notifier.tell('started', () => this.#event(attempt))
    else this.#tellLost(attempt, written)
    return written === 'applied'
  }

  /** Of a row that was not begun. Answers whether it is free again. */
  async giveBack(attempt: RowAttempt): Promise<boolean> {
    let isFree = false
    await this.#end(attempt, this.#write(attempt, 'active', 'give_back'), () => {
      const { clock, notifier } = this.#engine
      isFree = true
      notifier.tell('returned', () => ({ ...this.#event(attempt), runAt: clock.now() }))
    })
    return isFree
  }

  /** Resolves once it is written how the row ended, or once the row rests: no lane waits for that. Never rejects. */
  async settle(attempt: RowAttempt, verdict: RowVerdict): Promise<void> {
    switch (verdict.kind) {
      case 'left':
        return this.#release(attempt)
      case 'lost':
        return this.#end(attempt, this.#writer.whatBecameOf(attempt.id), () => {})
      case 'good':
        this.#note(attempt, true)
        return this.#end(attempt, this.#write(attempt, 'started', 'complete'), () => {
          const { result } = verdict
          this.#engine.notifier.tell('completed', () => ({ ...this.#event(attempt), result }))
        })
      default:
        return this.#fail(attempt, verdict)
    }
  }

  /** Rows that rest after a failure are freed now; resolves when they are. */
  async endRests(): Promise<void> {
    const rests = [...this.#resting]
    for (const [end] of rests) end()
    await Promise.all(rests.map(([, ended]) => ended))
  }

  async #fail(attempt: RowAttempt, { kind, error: thrown }: Failure): Promise<void> {
    const { clock, notifier } = this.#engine
    const { maxTries } = this.#settings
    // Beyond its limit it would be taken back, and nobody would read what it failed with.
    const retryDelayMs = Math.min(this.#settings.retryDelayMs, attempt.restMs(clock))
    this.#note(attempt, false)
    const error = describeError(thrown, attempt.attempt, clock.now())
    const write = () => this.#write(attempt, 'started', kind === 'final' ? 'fail_for_good' : 'fail', textOf(error))
    const retryAt = clock.now() + retryDelayMs
    const retrying = () => notifier.tell('retrying', () => ({ ...this.#event(attempt), error, retryAt }))
    if (kind === 'final' || attempt.attempt >= maxTries) {
      const reason = kind === 'final' ? 'fatal' : 'exhausted'
      await this.#end(attempt, write(), () => {
        notifier.tell('failed', () => ({ ...this.#event(attempt), error, reason }))
      })
    } else if (retryDelayMs > 0) {
      retrying()
      this.#rest(retryDelayMs, () => this.#end(attempt, write(), () => {}))
    } else {
      await this.#end(attempt, write(), retrying)
    }
  }

  /** The row stays started: what a worker that vanishes meanwhile leaves is found by its limit. */
  #rest(delayMs: number, free: () => Promise<void>): void {
    let end = () => {}
    const over = new Promise<void>((resolve) => {
      const cancel = this.#engine.clock.after(delayMs, resolve)
      end = () => {
        cancel()
        resolve()
      }
    })
    const ended = over.then(free).finally(() => this.#resting.delete(end))
    this.#resting.set(end, ended)
  }

  async #end(attempt: RowAttempt, writing: Promise<Written>, told: () => void): Promise<void> {
    // Where the writing is over before its end, the row is left to its limit.
    const written = await writing.catch((error: unknown) => {
      const { name } = this.#settings
      this.#engine.notifier.warn(`Row ${attempt.id} (${name}) is left to its limit, unwritten: ${messageOf(error)}`)
      return undefined
    })
    this.#release(attempt)
    if (written === 'applied') told()
    else if (written) this.#tellLost(attempt, written)
  }

  #note(attempt: RowAttempt, isGood: boolean): void {
    const { reservation } = attempt
    if (reservation.state === 'started') {
      attempt.reservation = release(reservation, isGood, this.#engine.clock.now())
    }
  }

  #write(attempt: RowAttempt, on: RowStanding, move: OwnMove, error?: string): Promise<Written> {
    const { id, token } = attempt
    const { maxTries } = this.#settings
    const change = { id, token, on, move, maxTries, ...(error === undefined ? {} : { error }) }
    // Before its start is begun, it has no limit of its own.
    const isLate = () => attempt.reservation.state !== 'active' && attempt.restMs(this.#engine.clock) === 0
    return this.#writer.write(change, isLate)
  }

  #tellLost(attempt: RowAttempt, how: 'lost' | 'gone'): void {
    this.#engine.notifier.tell(how, () => this.#event(attempt))
  }

  #event(attempt: RowAttempt) {
    return eventOf(attempt, this.#settings.name)
  }
}

/** As the column of errors has it: the kind of the error and its message. */
export function textOf({ name, message }: ErrorRecord): string {
  return `${name}: ${message}`
}
