/** One reserved row in this process, and its body run to a verdict whatever the body does. */
import { FatalError, LeaseLostError, TimeoutError } from '../../core/errors.ts'
import { type ActiveReservation, type Reservation, start } from '../../core/reservation.ts'
import type { ReservedRow } from '../../storage/row-source.ts'
import type { Clock } from '../clock.ts'
import type { Deadlines } from '../deadlines.ts'
import type { Notifier } from '../events.ts'
import { graceMs } from '../execution.ts'
import type { RowContext } from './context.ts'

/**
 * `final`: it is not to be tried again. `lost`: it was told that the row is not its own any more. `left`: it did not end
 * when it was told to; the row is left to its limit.
 */
export type RowVerdict =
  | { readonly kind: 'good'; readonly result: unknown }
  | { readonly kind: 'bad' | 'final'; readonly error: unknown }
  | { readonly kind: 'left' | 'lost' }

export interface RowTools {
  readonly name: string
  readonly clock: Clock
  readonly deadlines: Deadlines<RowAttempt>
  readonly notifier: Notifier
}

export class RowAttempt {
  readonly reserved: ReservedRow
  reservation: Reservation
  /** The start that is under way, or that is to come: 1 for the first. */
  readonly attempt: number
  /** A stop gave it up: its body is not begun any more. */
  isAbandoned = false
  readonly #controller = new AbortController()
  #limitMs = 0
  /** The monotonic time by which it has to end: shortly before the database says so. */
  #endsAt = 0
  #giveUp: ((verdict: RowVerdict) => void) | undefined

  constructor(reserved: ReservedRow, reservation: ActiveReservation) {
    this.reserved = reserved
    this.reservation = reservation
    this.attempt = reserved.tries + 1
  }

  get id(): string {
    return this.reserved.id
  }

  get token(): string {
    return this.reserved.token
  }

  get abortReason(): Error | undefined {
    return this.#controller.signal.aborted ? this.#controller.signal.reason : undefined
  }

  /** Its start is being written: from here on its time runs. */
  begin(maxDurationMs: number, clock: Clock): void {
    this.reservation = start(this.reservation as ActiveReservation, maxDurationMs, clock.now())
    this.#limitMs = maxDurationMs
    // The limit counts from the database's start time, which lies after this one.
    this.#endsAt = clock.monotonic() + maxDurationMs
  }

  /** How long the row may stay started. */
  restMs(clock: Clock): number {
    return Math.max(0, this.#endsAt - clock.monotonic())
  }

  /** Runs the body until it ends, or until nobody waits for it any longer. Never rejects. */
  run(body: (context: RowContext<unknown>) => unknown, tools: RowTools): Promise<RowVerdict> {
    const over = new TimeoutError(`It ran longer than its limit of ${this.#limitMs} ms`)
    const restMs = this.restMs(tools.clock)
    // Its start took so long, or this process stood still: the row may be somebody else's by now.
    if (restMs === 0) this.#controller.abort(over)
    if (this.abortReason) return Promise.resolve(afterAbort(this.abortReason))
    tools.deadlines.set(this, restMs, () => this.abort(over, tools))
    return new Promise((resolve) => {
      this.#giveUp = resolve
      void this.#verdictOf(body, tools.name).then((verdict) => {
        if (!this.#giveUp) {
          tools.notifier.tell('late', () => eventOf(this, tools.name))
          return
        }
        this.#giveUp = undefined
        tools.deadlines.delete(this)
        resolve(verdict)
      })
    })
  }

  /** Tells the body to end, and gives its place away if it does not. The first reason stays. */
  abort(reason: Error, tools: RowTools, patienceMs = graceMs): void {
    const wasAborted = this.#controller.signal.aborted
    this.#controller.abort(reason)
    // Told once more, it has no more time than before; only a stop has less patience.
    if (!this.#giveUp || (wasAborted && patienceMs >= graceMs)) return
    tools.deadlines.set(this, patienceMs, () => {
      const giveUp = this.#giveUp
      if (!giveUp) return
      this.#giveUp = undefined
      tools.notifier.tell('stuck', () => eventOf(this, tools.name))
      tools.notifier.warn(`Row ${this.id} (${tools.name}) was told to end and did not; its place is given away`)
      giveUp({ kind: 'left' })
    })
  }

  async #verdictOf(body: (context: RowContext<unknown>) => unknown, name: string): Promise<RowVerdict> {
    const { row, id } = this.reserved
    const { signal } = this.#controller
    try {
      const result = await body({ row, id, name, attempt: this.attempt, reservationId: this.token, signal })
      return { kind: 'good', result }
    } catch (error) {
      if (isFatal(error)) return { kind: 'final', error }
      // Why it was told to end says more than what it threw then.
      return this.abortReason ? afterAbort(this.abortReason) : { kind: 'bad', error }
    }
  }
}

function afterAbort(reason: Error): RowVerdict {
  return reason instanceof LeaseLostError ? { kind: 'lost' } : { kind: 'bad', error: reason }
}

/** What every event of a row says. */
export function eventOf(attempt: RowAttempt, name: string): { id: string; name: string; attempt: number } {
  return { id: attempt.id, name, attempt: attempt.attempt }
}

function isFatal(error: unknown): boolean {
  try {
    return error instanceof FatalError
  } catch {
    // A revoked proxy does not even let itself be asked what it is.
    return false
  }
}
