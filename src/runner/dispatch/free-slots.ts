/** The slots of a dispatch that nobody has yet: each is given out once. */
import type { SlotNotes } from '../../core/slot.ts'

export class FreeSlots {
  /** The lowest last: those may be used first. */
  readonly #free: number[]

  constructor(workers: number) {
    this.#free = Array.from({ length: workers }, (_, index) => workers - 1 - index)
  }

  take(): number | undefined {
    return this.#free.pop()
  }

  giveBack({ first }: SlotNotes): void {
    if (first === undefined) return
    this.#free.push(first)
    this.#free.sort((one, other) => other - one)
  }

  /** A row that was given it is stored after all. */
  isTaken({ first }: SlotNotes): void {
    const at = first === undefined ? -1 : this.#free.indexOf(first)
    if (at !== -1) this.#free.splice(at, 1)
  }
}
