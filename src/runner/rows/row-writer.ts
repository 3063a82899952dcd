/** Writes the moves of reserved rows: those of one turn as one call, through outages, and knows its own writes again. */
import { type RowStanding, rowMoves, standingOf } from '../../core/row-moves.ts'
import type { RowChange, RowSource, SeenRow } from '../../storage/row-source.ts'
import type { Clock } from '../clock.ts'
import type { Health } from '../health.ts'
import type { Terms } from './term.ts'

/** `lost`: the reservation is no longer ours. `gone`: there is no such row any more. */
export type Written = 'applied' | 'lost' | 'gone'

/** How often a call that writes several rows is tried before each row is written by itself. */
const triesTogether = 3

interface Waiting {
  readonly change: RowChange
  /** Whether it is of no use any more: the row's limit is over. */
  readonly isLate: () => boolean
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

  /**
   * Each row has one write at a time under way. Rejects when the writing is over before it was made, and when it is late:
   * a row that its table refuses to have written (a check or a trigger of the app's) must not be tried for ever.
   */
  write(change: RowChange, isLate: () => boolean = () => false): Promise<Written> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) this.#clock.soon(() => void this.#flush())
      this.#waiting.push({ change, isLate, resolve, reject })
    })
  }

  /** Of a row that was found to be no longer ours. */
  async whatBecameOf(id: string): Promise<Exclude<Written, 'applied'>> {
    const [seen] = await this.#health.through(() => this.#source.look([id]), this.#terms.watch())
    return seen ? 'lost' : 'gone'
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting.splice(0)
    const isOver = this.#terms.watch()
    try {
      const { batchMax } = await this.#health.through(() => this.#source.open(), isOver)
      for (const batch of batches(waiting, batchMax)) await this.#writeAll(batch, isOver)
    } catch (error) {
      for (const { reject } of waiting) reject(error)
    }
  }

  async #writeAll(batch: readonly Waiting[], isOver: () => boolean): Promise<void> {
    const enough = (failures: number) => isOver() || failures >= triesTogether
    try {
      await this.#through(batch, enough, false)
    } catch (error) {
      if (isOver()) throw error
      // One of them may be what fails, or all: then each waits for its own time.
      await Promise.all(
        batch.map((one) =>
          this.#through([one], (failures) => isOver() || (failures > 0 && one.isLate()), true).catch((cause) =>
            one.reject(cause),
          ),
        ),
      )
    }
  }

  /** `wasTried`: a call that failed may have written them before. */
  async #through(batch: readonly Waiting[], giveUp: (failures: number) => boolean, wasTried: boolean): Promise<void> {
    const changes = batch.map(({ change }) => change)
    let tries = 0
    const applied = await this.#health.through(() => {
      tries++
      return this.#source.write(changes)
    }, giveUp)
    const refused = changes.filter((_, index) => !applied[index])
    const look = () => this.#source.look(refused.map(({ id }) => id))
    const seen = refused.length > 0 ? await this.#health.through(look, giveUp) : []
    for (const [index, { change, resolve }] of batch.entries()) {
      if (applied[index]) resolve('applied')
      else resolve(refusal(change, seen[refused.indexOf(change)], wasTried || tries > 1))
    }
  }
}

/** In order, and no id twice in one: a worker may have let go of a row and have it again within one turn. */
function batches(waiting: readonly Waiting[], batchMax: number): Waiting[][] {
  const all: Waiting[][] = []
  const ids = new Set<string>()
  for (const one of waiting) {
    const last = all.at(-1)
    if (last && last.length < batchMax && !ids.has(one.change.id)) {
      last.push(one)
    } else {
      all.push([one])
      ids.clear()
    }
    ids.add(one.change.id)
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
