/** Writes the moves of reserved rows: those of one turn as one call, through outages, and knows its own writes again. */
import { type RowStanding, rowMoves, standingOf } from '../../core/row-moves.ts'
import type { RowChange, RowSource, SeenRow } from '../../storage/row-source.ts'
import type { Clock } from '../clock.ts'
import type { Health } from '../health.ts'
import type { Terms } from './term.ts'

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
  readonly #terms: Terms
  #waiting: Waiting[] = []

  constructor(source: RowSource, clock: Clock, health: Health, terms: Terms) {
    this.#source = source
    this.#clock = clock
    this.#health = health
    this.#terms = terms
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
    const [seen] = await this.#health.through(() => this.#source.look([id]), this.#terms.watch())
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
    const isOver = this.#terms.watch()
    const ask = <T>(call: () => T | Promise<T>) => this.#health.through(call, isOver)
    const { batchMax } = await ask(() => this.#source.open())
    const written: Written[] = []
    for (const batch of batches(changes, batchMax)) {
      let tries = 0
      const applied = await ask(() => {
        tries++
        return this.#source.write(batch)
      })
      const refused = batch.filter((_, index) => !applied[index])
      const seen = refused.length > 0 ? await ask(() => this.#source.look(refused.map(({ id }) => id))) : []
      for (const [index, change] of batch.entries()) {
        if (applied[index]) written.push('applied')
        else written.push(refusal(change, seen[refused.indexOf(change)], tries > 1))
      }
    }
    return written
  }
}

/** In order, and no id twice in one: a worker may have let go of a row and have it again within one turn. */
function batches(changes: readonly RowChange[], batchMax: number): RowChange[][] {
  const all: RowChange[][] = []
  const ids = new Set<string>()
  for (const change of changes) {
    const last = all.at(-1)
    if (last && last.length < batchMax && !ids.has(change.id)) {
      last.push(change)
    } else {
      all.push([change])
      ids.clear()
    }
    ids.add(change.id)
  }
  return all
}

/** A write whose answer was lost is refused when it is made again. Only its holder has the token: it is ours. */
function refusal(change: RowChange, seen: SeenRow | undefined, wasTriedBefore: boolean): Written {
  if (!seen) return 'gone'
  if (seen.token === change.token) return seen.standing === targetOf(change) ? 'applied' : 'lost'
  // What frees a row leaves no token behind; whether it was this write or a relaunch comes to the same.
  if (!wasTriedBefore || targetOf(change) !== 'free') return 'lost'
  // Not so where nobody may take the row again: that shows in its tries.
  return change.move === 'fail_for_good' && seen.tries < change.maxTries ? 'lost' : 'applied'
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
