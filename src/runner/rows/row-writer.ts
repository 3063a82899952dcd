/** Writes the moves of reserved rows: those of one turn as one call, through outages, and knows its own writes again. */
import { type RowStanding, rowMoves, standingOf } from '../../core/row-moves.ts'
import type { RowChange, RowSource } from '../../storage/row-source.ts'
import type { Clock } from '../clock.ts'
import type { Health } from '../health.ts'

/** `lost`: the reservation is no longer ours. `gone`: there is no such row any more. */
export type Written = 'applied' | 'lost' | 'gone'

interface Waiting {
  readonly change: RowChange
  readonly resolve: (written: Written) => void
  readonly reject: (error: unknown) => void
}

export class RowWriter {
  readonly #source: RowSource
  readonly #clock: Clock
  readonly #health: Health
  readonly #isOver: () => boolean
  #waiting: Waiting[] = []

  /** `isOver` says when nothing more may be written: then what waits is rejected. */
  constructor(source: RowSource, clock: Clock, health: Health, isOver: () => boolean) {
    this.#source = source
    this.#clock = clock
    this.#health = health
    this.#isOver = isOver
  }

  /** Each row has one write at a time under way. Rejects when the writing is over before it was made. */
  write(change: RowChange): Promise<Written> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) this.#clock.soon(() => void this.#flush())
      this.#waiting.push({ change, resolve, reject })
    })
  }

  /** Of a row that was found to be no longer ours. */
  async whatBecameOf(id: string): Promise<Exclude<Written, 'applied'>> {
    const [seen] = await this.#ask(() => this.#source.look([id]))
    return seen ? 'lost' : 'gone'
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting.splice(0)
    try {
      const written = await this.#through(batch.map(({ change }) => change))
      for (const [index, { resolve }] of batch.entries()) resolve(written[index] ?? 'lost')
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  async #through(changes: readonly RowChange[]): Promise<Written[]> {
    const { batchMax } = await this.#source.open()
    const written: Written[] = []
    for (let from = 0; from < changes.length; from += batchMax) {
      const batch = changes.slice(from, from + batchMax)
      let tries = 0
      const applied = await this.#ask(() => {
        tries++
        return this.#source.write(batch)
      })
      const refused = batch.filter((_, index) => !applied[index])
      const seen = refused.length > 0 ? await this.#ask(() => this.#source.look(refused.map(({ id }) => id))) : []
      for (const [index, change] of batch.entries()) {
        if (applied[index]) written.push('applied')
        else written.push(refusal(change, seen[refused.indexOf(change)], tries > 1))
      }
    }
    return written
  }

  #ask<T>(call: () => T | Promise<T>): Promise<T> {
    return this.#health.through(call, this.#isOver)
  }
}

/** A write whose answer was lost is refused when it is made again. Only its holder has the token: it is ours. */
function refusal(
  change: RowChange,
  seen: { readonly token: string | null; readonly standing: RowStanding } | undefined,
  wasTriedBefore: boolean,
): Written {
  if (!seen) return 'gone'
  if (seen.token === change.token) return seen.standing === targetOf(change) ? 'applied' : 'lost'
  // What frees a row leaves no token behind; whether it was this write or a relaunch comes to the same.
  return wasTriedBefore && targetOf(change) === 'free' ? 'applied' : 'lost'
}

function targetOf({ on, move }: RowChange): RowStanding {
  const { writes }: { readonly writes: Readonly<Record<string, unknown>> } = rowMoves[move]
  const has = (column: string, before: boolean) => (column in writes ? writes[column] !== null : before)
  return standingOf({
    reservationId: has('reservationId', true),
    startTime: has('startTime', on !== 'active'),
    endTime: has('endTime', on === 'ended'),
  })
}
