/** Frees what is over its time, and reserves rows for one worker: the seed's pass, in its order. */
import { maxWorkerLength, type TokenKind, tokenMaker, tokenPrefix } from '../../core/row-token.ts'
import type { ReservedRow, RowChange, SeenRow, SourceTraits } from '../../storage/row-source.ts'
import type { Engine } from '../engine.ts'
import { hashOf } from '../hash.ts'
import type { Health } from '../health.ts'
import { drawBytes } from '../randomness.ts'
import type { RowSettings } from './definition.ts'
import { Functions } from './functions.ts'

/** The most rows that one pass frees (P20). */
const relaunchLimit = 10_000

export interface Reserved {
  readonly row: ReservedRow
  readonly token: string
}

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
    this.worker = engine.newHolder().replace('#', '.').slice(-maxWorkerLength)
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
    this.#name(traits.tokens)
    this.#traits = traits
    return traits
  }

  /** The next call of {@link relaunch} has its turn at once. */
  hurry(): void {
    this.#relaunchFrom = 0
  }

  /** Frees rows that are over their time, now and then: a quarter of the shorter limit, at most every 10 s. */
  async relaunch(): Promise<SeenRow[]> {
    const { clock } = this.#engine
    if (clock.monotonic() < this.#relaunchFrom) return []
    const { source, startWithinMs, maxDurationMs } = this.#settings
    const chosen = await this.functions.relaunching(relaunchLimit)
    const { batchMax } = await this.open()
    const freed: SeenRow[] = []
    if (chosen) {
      for (let from = 0; from < chosen.length; from += batchMax) {
        const seen = await source.look(chosen.slice(from, from + batchMax))
        freed.push(...(await this.#free(seen.filter((row) => row !== undefined))))
      }
    } else {
      for (let rows: SeenRow[] = []; freed.length < relaunchLimit; ) {
        rows = await source.lapsed({ startWithinMs, maxDurationMs, limit: batchMax })
        freed.push(...(await this.#free(rows)))
        if (rows.length < batchMax) break
      }
    }
    const every = Math.min(10_000, Math.max(100, Math.min(startWithinMs, maxDurationMs) / 4))
    this.#relaunchFrom = clock.monotonic() + every * (0.8 + 0.4 * this.#engine.random())
    this.#health.up()
    return freed
  }

  /** Reserves as many rows as there are slots. `known` are the tokens of those that this worker has. */
  async reserve(reserved: number, known: (token: string) => boolean): Promise<Reserved[]> {
    const { source, maxTries } = this.#settings
    const { batchMax } = await this.open()
    const found = this.#isInDoubt ? await this.#found(known) : []
    this.#isInDoubt = false
    if (!(await this.functions.allowing())) return found
    const slots = Math.min(batchMax, await this.functions.queueSlots(reserved + found.length))
    if (slots === 0) return found
    const ids = await this.functions.selecting(slots)
    if (ids?.length === 0) return found
    const tokens = Array.from({ length: ids?.length ?? slots }, () => this.#newToken())
    this.#isInDoubt = true
    const rows = await source.reserve(ids ? { tokens, ids, maxTries } : { tokens, maxTries })
    this.#isInDoubt = false
    this.#health.up()
    return [...found, ...rows.map(withToken)]
  }

  async #found(known: (token: string) => boolean): Promise<Reserved[]> {
    const { batchMax } = await this.open()
    const held = await this.#settings.source.held({ prefix: this.#prefix, limit: batchMax })
    return held.filter(({ token, standing }) => standing === 'active' && token !== null && !known(token)).map(withToken)
  }

  async #free(rows: readonly SeenRow[]): Promise<SeenRow[]> {
    // A row without a token has nothing that could be freed.
    const changes = rows.flatMap((row) => (row.token === null ? [] : [[row, this.#freeing(row, row.token)] as const]))
    if (changes.length === 0) return []
    const written = await this.#settings.source.write(changes.map(([, change]) => change))
    return changes.flatMap(([row], index) => (written[index] ? [row] : []))
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

function withToken(row: ReservedRow): Reserved {
  return { row, token: row.token as string }
}
