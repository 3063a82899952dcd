/** The slots of a dispatch that nobody has yet: each is given out once. */
import { mayBegin, type SlotNotes } from '../../core/slot.ts'

export class FreeSlots {
  readonly #workers: number
  readonly #older: number
  /** The lowest last: those may be used first. */
  readonly #free: number[]

  /** @param older executions of a dispatch before keep as many slots from being used. */
  constructor(workers: number, older: number) {
    this.#workers = workers
    this.#older = older
    this.#free = Array.from({ length: workers }, (_, index) => workers - 1 - index)
  }

  take(): { readonly first: number | undefined; readonly usable: boolean } {
    const first = this.#free.pop()
    const usable = first !== undefined && mayBegin({ run: 0, first }, 0, this.#workers, this.#older)
    return { first, usable }
  }

  giveBack({ first }: SlotNotes): void {
    if (first !== undefined) this.#free.push(first)
  }

  /** A row that was given it is stored after all. */
  isTaken({ first }: SlotNotes): void {
    const at = first === undefined ? -1 : this.#free.indexOf(first)
    if (at !== -1) this.#free.splice(at, 1)
  }
}
