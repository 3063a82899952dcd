/** How long tasks take, and so how many to claim ahead: short ones in batches, long ones never hoarded. */

/** As much as this process works off in this time is fetched ahead. */
const aheadMs = 50

/** The most that is fetched ahead. */
const maxAhead = 1000

/** How much a new attempt weighs against those before it. */
const weight = 1 / 16

export class Pace {
  readonly #concurrency: number
  readonly #most: number
  /** How long attempts took lately, by definition. */
  readonly #averageMs = new Map<string, number>()

  constructor(concurrency: number, batchMax: number) {
    this.#concurrency = concurrency
    this.#most = Math.min(maxAhead, Math.max(0, batchMax - concurrency))
  }

  note(name: string, tookMs: number): void {
    const known = this.#averageMs.get(name)
    this.#averageMs.set(name, known === undefined ? tookMs : known + (tookMs - known) * weight)
  }

  /** An attempt of this definition waited so long for its place: they take at least that. */
  noteWait(name: string, waitedMs: number): void {
    this.#averageMs.set(name, Math.max(this.#averageMs.get(name) ?? 0, waitedMs))
  }

  /** How long attempts of a definition take, if that is known. */
  tookMs(name: string): number | undefined {
    return this.#averageMs.get(name)
  }

  /** How many of a definition to fetch ahead. None while it is not known how long they take. */
  ahead(name: string, concurrency = this.#concurrency): number {
    const averageMs = this.#averageMs.get(name)
    if (averageMs === undefined) return 0
    return Math.min(this.#most, Math.floor((concurrency * aheadMs) / Math.max(averageMs, 0.001)))
  }

  /** How many to fetch ahead in all: what the quickest definition may have. */
  get aheadInAll(): number {
    let most = 0
    for (const name of this.#averageMs.keys()) most = Math.max(most, this.ahead(name))
    return most
  }
}
