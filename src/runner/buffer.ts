/** Attempts that are claimed and not begun, in the order of their claims, let out as limits allow. */
import type { Attempt } from './attempt.ts'

/** A task whose process vanished this often while it ran may be what kills it: one such task is held at a time. */
const suspectCrashes = 2

export class Buffer {
  readonly #limits: ReadonlyMap<string, number>
  readonly #waiting = new Map<string, Attempt[]>()
  readonly #active = new Map<string, number>()
  /** The one that waits or runs here. */
  #suspect: Attempt | undefined
  #size = 0

  /** `limits`: how many of a definition may run at once, where it says so. */
  constructor(limits: ReadonlyMap<string, number>) {
    this.#limits = limits
  }

  /** How many wait. */
  get size(): number {
    return this.#size
  }

  /** How many of a definition wait or run. */
  held(name: string): number {
    return (this.#waiting.get(name)?.length ?? 0) + (this.#active.get(name) ?? 0)
  }

  /** Whether another suspect is here already: then this one has to go back. */
  refuses(attempt: Attempt): boolean {
    return this.#suspect !== undefined && isSuspect(attempt)
  }

  put(attempt: Attempt): void {
    const { name } = attempt.row
    if (isSuspect(attempt)) this.#suspect = attempt
    const waiting = this.#waiting.get(name)
    if (waiting) waiting.push(attempt)
    else this.#waiting.set(name, [attempt])
    this.#size++
  }

  /** The one that was claimed first among those that may run now; it counts as active until {@link done}. */
  take(): Attempt | undefined {
    let first: Attempt | undefined
    for (const [name, [head]] of this.#waiting) {
      if (!head || (first && head.order > first.order)) continue
      const limit = this.#limits.get(name)
      if (limit === undefined || (this.#active.get(name) ?? 0) < limit) first = head
    }
    if (!first) return undefined
    const { name } = first.row
    this.#waiting.get(name)?.shift()
    this.#active.set(name, (this.#active.get(name) ?? 0) + 1)
    this.#size--
    return first
  }

  /** What {@link take} gave has ended. */
  done(attempt: Attempt): void {
    const { name } = attempt.row
    this.#active.set(name, (this.#active.get(name) ?? 1) - 1)
    if (attempt === this.#suspect) this.#suspect = undefined
  }

  /** Takes out all that wait and match, without their having begun. */
  remove(matches: (attempt: Attempt) => boolean): Attempt[] {
    const removed: Attempt[] = []
    for (const [name, waiting] of this.#waiting) {
      const kept: Attempt[] = []
      for (const attempt of waiting) (matches(attempt) ? removed : kept).push(attempt)
      this.#waiting.set(name, kept)
    }
    for (const attempt of removed) if (attempt === this.#suspect) this.#suspect = undefined
    this.#size -= removed.length
    return removed
  }
}

function isSuspect(attempt: Attempt): boolean {
  return attempt.task.crashes >= suspectCrashes
}
