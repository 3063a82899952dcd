/** Waits for the ends of tasks, as an app does that listens: each end is told once, maybe before anybody waits. */
export class Ends {
  readonly #waiting = new Map<string, () => void>()
  readonly #early = new Set<string>()

  tell(id: string): void {
    const waiting = this.#waiting.get(id)
    if (this.#waiting.delete(id)) waiting?.()
    else this.#early.add(id)
  }

  of(id: string): Promise<void> {
    if (this.#early.delete(id)) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }

  async all(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.of(id)))
  }

  /** Ends that somebody waits for, and ends that nobody took: at rest there are none. */
  get open(): number {
    return this.#waiting.size + this.#early.size
  }
}
