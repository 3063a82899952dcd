/** Names of which the storage had no more due rows when it was last asked: they are left out until something may be due. */
import { askAgainMs } from '../core/job.ts'
import { SCHEDULE } from '../storage/schedule-codec.ts'
import type { Row } from '../storage/storage.ts'
import type { Engine } from './engine.ts'

/** So often schedules are asked for that others made or left: when those that this process knows of are due, it knows. */
const schedulesAgainMs = 500

export class DryNames {
  readonly #engine: Engine
  readonly #dry = new Set<string>()
  /** The names of dispatches' own rows, which only heal what a crash left: they are asked for now and then. */
  readonly #rare: readonly string[]
  /** The monotonic time from which they are asked for again. */
  #rareFrom = 0
  #schedulesFrom = 0

  constructor(engine: Engine) {
    this.#engine = engine
    this.#rare = [...engine.definitions].flatMap(([name, { role }]) =>
      role.kind === 'job' && role.job.report ? [name] : [],
    )
  }

  has(name: string): boolean {
    return this.#dry.has(name)
  }

  /** Rows of any name may have become due. */
  clear(): void {
    this.#dry.clear()
    const now = this.#engine.clock.monotonic()
    if (now < this.#schedulesFrom) this.#dry.add(SCHEDULE)
    if (now < this.#rareFrom) for (const name of this.#rare) this.#dry.add(name)
  }

  /** The next {@link clear} has no exceptions. */
  forgetRare(): void {
    this.#rareFrom = 0
  }

  forgetSchedules(): void {
    this.#schedulesFrom = 0
    this.#dry.delete(SCHEDULE)
  }

  /** The whole of a claim was not reached, so a name that gave less than it was asked for has no more that is due. */
  note(wants: readonly { readonly name: string; readonly limit: number }[], rows: readonly Row[]): void {
    const got = new Map<string, number>()
    for (const { name } of rows) got.set(name, (got.get(name) ?? 0) + 1)
    for (const { name, limit } of wants) if ((got.get(name) ?? 0) < limit) this.#dry.add(name)
    if (this.#dry.has(SCHEDULE) && wants.some(({ name }) => name === SCHEDULE))
      this.#schedulesFrom = this.#engine.clock.monotonic() + schedulesAgainMs
    if (this.#rare.every((name) => this.#dry.has(name)) && wants.some(({ name }) => this.#rare.includes(name))) {
      this.#rareFrom = this.#engine.clock.monotonic() + askAgainMs
    }
  }
}
