/** Attempts that are claimed and not begun, in the order of their claims, let out as limits allow. */
import type { Attempt } from './attempt.ts'

/** A task whose process vanished this often while it ran may be what kills it: one such task runs at a time. */
export const suspectCrashes = 2

const suspects = '~suspects'

export class Buffer {
  readonly #limits: ReadonlyMap<string, number>
  readonly #waiting = new Map<string, Attempt[]>()
  /** How many run, by definition; suspects are counted as such too. */
  readonly #active = new Map<string, number>()
  #size = 0

  /** `limits`: how many of a definition may run at once, where it says so. */
  constructor(limits: ReadonlyMap<string, number>) {
    this.#limits = limits
  }

  /** How many wait. */
  get size(): number {
    return this.#size
  }

  /** How many of a definition wait or run. A suspect that waits is not counted: there is one at most. */
  held(name: string): number {
    return (this.#waiting.get(name)?.length ?? 0) + (this.#active.get(name) ?? 0)
  }

  /** Whether another suspect is here already: then this one has to go back. */
  refuses(attempt: Attempt): boolean {
    return isSuspect(attempt) && this.held(suspects) > 0
  }

  put(attempt: Attempt): void {
    const line = lineOf(attempt)
    const waiting = this.#waiting.get(line)
    if (waiting) waiting.push(attempt)
    else this.#waiting.set(line, [attempt])
    this.#size++
  }

  /** The one that was claimed first among those that may run now; it counts as active until {@link done}. */
  take(): Attempt | undefined {
    let first: string | undefined
    let order = Number.POSITIVE_INFINITY
    for (const [line, waiting] of this.#waiting) {
      const head = waiting[0]
      if (!head || head.order >= order) continue
      if (!this.#mayRun(head)) continue
      first = line
      order = head.order
    }
    if (first === undefined) return undefined
    const attempt = this.#waiting.get(first)?.shift()
    if (!attempt) return undefined
    this.#size--
    this.#count(attempt, 1)
    return attempt
  }

  /** What {@link take} gave has ended. */
  done(attempt: Attempt): void {
    this.#count(attempt, -1)
  }

  #mayRun(attempt: Attempt): boolean {
    const limit = this.#limits.get(attempt.row.name)
    if (limit !== undefined && (this.#active.get(attempt.row.name) ?? 0) >= limit) return false
    return !isSuspect(attempt) || (this.#active.get(suspects) ?? 0) === 0
  }

  #count(attempt: Attempt, change: 1 | -1): void {
    const { name } = attempt.row
    this.#active.set(name, (this.#active.get(name) ?? 0) + change)
    if (isSuspect(attempt)) this.#active.set(suspects, (this.#active.get(suspects) ?? 0) + change)
  }

  /** Takes out all that wait and match, without their having begun. */
  remove(matches: (attempt: Attempt) => boolean): Attempt[] {
    const removed: Attempt[] = []
    for (const [line, waiting] of this.#waiting) {
      const out = waiting.filter(matches)
      if (out.length === 0) continue
      this.#waiting.set(
        line,
        waiting.filter((attempt) => !out.includes(attempt)),
      )
      removed.push(...out)
    }
    this.#size -= removed.length
    return removed
  }
}

function isSuspect(attempt: Attempt): boolean {
  return attempt.task.crashes >= suspectCrashes
}

function lineOf(attempt: Attempt): string {
  return isSuspect(attempt) ? suspects : attempt.row.name
}
