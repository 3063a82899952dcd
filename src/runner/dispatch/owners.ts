/**
 * Executions that were stored with a slot of their own, and begin.
 *
 * All are stored held. Nobody else can end a dispatch's right to its tracker between a look at that and an insert; but
 * whoever takes the tracker cancels what is held. So what is released after another look was there to be seen by the
 * next dispatch: it is cancelled, or counted among what is still at work.
 */
import { mayBegin } from '../../core/slot.ts'
import { taskOf } from '../../storage/codec.ts'
import type { Row, Storage } from '../../storage/storage.ts'
import { rowsOfParts } from '../jobs/view.ts'

export interface OwnersOf {
  readonly run: number
  readonly workers: number
  /** How many executions of a dispatch before were at work. They only become fewer. */
  readonly older: number
}

export class Owners {
  readonly #of: OwnersOf
  readonly #waiting = new Set<string>()
  #older: number

  constructor(of: OwnersOf) {
    this.#of = of
    this.#older = of.older
  }

  get ids(): readonly string[] {
    return [...this.#waiting]
  }

  /** It was stored with a slot of its own. */
  add(row: Row): void {
    if (taskOf(row).slot?.first !== undefined) this.#waiting.add(row.id)
  }

  /** To be called before rows are read that may begin. */
  async countOlder(storage: Storage, trackerId: string): Promise<void> {
    if (this.#older > 0) this.#older = await countOlder(storage, trackerId, this.#of.run)
  }

  /** Those of them that may begin now, as they were just read. The others wait for what is older. */
  usable(rows: readonly (Row | undefined)[]): Row[] {
    const { run, workers } = this.#of
    return rows.filter((row): row is Row => {
      if (!row) return false
      const { slot } = taskOf(row)
      if (row.state !== 'held' || slot?.run !== run) {
        this.#waiting.delete(row.id)
        return false
      }
      return mayBegin(slot, run, workers, this.#older)
    })
  }
}

/** How many executions of dispatches before are still at work. */
export async function countOlder(storage: Storage, trackerId: string, run: number): Promise<number> {
  let count = 0
  for await (const row of rowsOfParts(storage, trackerId, ['waiting', 'running'])) {
    if (taskOf(row).slot?.run !== run) count++
  }
  return count
}
