/** Frees what is over its time, and reserves rows for one worker: the seed's pass, in its order. */
import { maxWorkerLength, type TokenKind, tokenMaker, tokenPrefix } from '../../core/row-token.ts'
import type { ReservedRow, RowChange, SeenRow, SourceTraits } from '../../storage/row-source.ts'
import type { Engine } from '../engine.ts'
import { hashOf } from '../hash.ts'
import type { Health } from '../health.ts'
import { drawBytes } from '../randomness.ts'
import { slices } from '../slices.ts'
import type { RowSettings } from './definition.ts'
import { Functions } from './functions.ts'
import { expectTerm } from './term.ts'

/** The most rows that one pass frees (P20). */
const relaunchLimit = 10_000

export class Reserver {
  readonly #settings: RowSettings
  readonly #engine: Engine
  readonly #health: Health
  readonly functions: Functions
  readonly worker: string
  #traits: SourceTraits | undefined
  #prefix = ''
  #newToken: () => string = () => ''
  /** An answer was lost: rows may be reserved for this worker that it does not know of. */
  #isInDoubt = false
  #relaunchFrom = 0

  constructor(engine: Engine, settings: RowSettings, health: Health) {
    this.#engine = engine
    this.#settings = settings
    this.#health = health
    // Never given twice, within this process or anywhere: a token that comes again would be no fence.
    // A `#` ends it in a token, and a token with a slash could not be a part of a task's id.
    this.worker = engine.newHolder().replaceAll(/[#/]/g, '.').slice(-maxWorkerLength)
    this.functions = new Functions(settings, this.worker)
  }

  /** What the tokens of this worker begin with. */
  get prefix(): string {
    return this.#prefix
  }

  /** Checks the source, once. */
  async open(): Promise<SourceTraits> {
    if (this.#traits) return this.#traits
    const traits = await this.#settings.source.open()
    // Two may have asked together, as a start and a drain do: named anew, tokens would begin again at the first.
    if (!this.#traits) this.#name(traits.tokens)
    this.#traits = traits
    return traits
  }

  /** The next call of {@link relaunch} has its turn at once. */
  hurry(): void {
    this.#relaunchFrom = 0
  }

  /** An answer did not come, or came too late: the next call of {@link reserve} looks for what this worker has. */
  doubt(): void {
    this.#isInDoubt = true
  }

  /**
   * Frees rows that are over their time, now and then: a quarter of the shorter limit, at most every 10 s.
   * @param freed is told of each as it was before.
   * @param isAtWork of a row by its token: this worker is still about to end it, and says itself what came of it.
   */
  async relaunch(
    isOver: () => boolean,
    freed: (row: SeenRow) => void,
    isAtWork: (token: string) => boolean = () => false,
  ): Promise<void> {
    const { clock } = this.#engine
    if (clock.monotonic() < this.#relaunchFrom) return
    const { source, startWithinMs, maxDurationMs } = this.#settings
    const chosen = await this.functions.relaunching(relaunchLimit)
    const { batchMax } = await this.open()
    if (chosen) {
      for (const batch of slices(chosen, batchMax)) {
        const seen = await source.look(batch)
        await this.#free(
          seen.filter((row) => row !== undefined),
          isOver,
          freed,
        )
      }
    } else {
      for (let left = relaunchLimit; left > 0; ) {
        const limit = Math.min(batchMax, left)
        const rows = await source.lapsed({ startWithinMs, maxDurationMs, limit })
        const due = rows.filter(({ token, standing }) => standing !== 'started' || token === null || !isAtWork(token))
        const count = await this.#free(due, isOver, freed)
        left -= count
        // Others free them too; where none could be, the same ones would come again and again.
        if (rows.length < limit || count === 0) break
      }
    }
    const every = Math.min(10_000, Math.max(100, Math.min(startWithinMs, maxDurationMs) / 4))
    this.#relaunchFrom = clock.monotonic() + every * (0.8 + 0.4 * this.#engine.random())
    this.#health.up()
  }

  /** Reserves as many rows as there are slots. `known` are the tokens of those that this worker has. */
  async reserve(reserved: number, known: (token: string) => boolean, isOver: () => boolean): Promise<ReservedRow[]> {
    const { source, maxTries } = this.#settings
    const { batchMax } = await this.open()
    if (this.#isInDoubt) {
      const found = await this.#found(known)
      this.#isInDoubt = false
      // They take up slots: the next pass may ask for more.
      if (found.length > 0) return found
    }
    if (!(await this.functions.allowing())) return []
    const slots = Math.min(batchMax, await this.functions.queueSlots(reserved))
    if (slots === 0) return []
    const ids = await this.functions.selecting(slots)
    if (ids?.length === 0) return []
    const tokens = Array.from({ length: ids?.length ?? slots }, () => this.#newToken())
    expectTerm(isOver)
    this.#isInDoubt = true
    const rows = await source.reserve(ids ? { tokens, ids, maxTries } : { tokens, maxTries })
    this.#isInDoubt = false
    this.#health.up()
    return rows
  }

  async #found(known: (token: string) => boolean): Promise<ReservedRow[]> {
    const { batchMax } = await this.open()
    const found: ReservedRow[] = []
    for (let after: string | undefined; ; ) {
      const page = { prefix: this.#prefix, limit: batchMax, ...(after === undefined ? {} : { after }) }
      const held = await this.#settings.source.held(page)
      found.push(...held.filter(({ token, standing }) => standing === 'active' && !known(token)))
      if (held.length < batchMax) return found
      after = held.at(-1)?.id
    }
  }

  /** Answers how many. */
  async #free(rows: readonly SeenRow[], isOver: () => boolean, freed: (row: SeenRow) => void): Promise<number> {
    // A row without a token has nothing that could be freed; two keys of the app's may be one row.
    const changes = new Map(rows.flatMap((row) => (row.token === null ? [] : [[row.id, { row, token: row.token }]])))
    if (changes.size === 0) return 0
    const changed = [...changes.values()]
    expectTerm(isOver)
    const written = await this.#settings.source.write(changed.map(({ row, token }) => this.#freeing(row, token)))
    const made = changed.filter((_, index) => written[index])
    for (const { row } of made) freed(row)
    return made.length
  }

  #freeing({ id, standing }: SeenRow, token: string): RowChange {
    const { maxTries, maxDurationMs } = this.#settings
    if (standing !== 'started') return { id, token, on: standing, move: 'relaunch', maxTries }
    const error = `It was not ended within ${maxDurationMs} ms: its worker vanished, or it took too long`
    return { id, token, on: standing, move: 'expire', error, maxTries }
  }

  #name(kind: TokenKind): void {
    this.#prefix = tokenPrefix(this.worker, kind, hashOf)
    this.#newToken = tokenMaker(this.#prefix, kind, drawBytes)
  }
}
