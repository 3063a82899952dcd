/** All row dispatchers of one instance, each with its crew: opened, started, drained and stopped together. */
import type { Engine } from '../engine.ts'
import type { StopReport } from '../worker.ts'
import type { RowSettings } from './definition.ts'
import { HandOnCrew } from './hand-on-crew.ts'
import type { HandedTasks } from './handed-rows.ts'
import { RowCrew, type RowCrewOptions } from './row-crew.ts'

/** Works for one dispatcher. */
export interface Crew {
  /** How many rows it has in this process. */
  readonly held: number
  /** @throws StorageError `not_usable` where the source cannot serve. */
  open(): Promise<void>
  start(): void
  /** Resolves with how many starts came to an end. */
  drain(): Promise<number>
  stop(timeoutMs: number, report: StopReport): Promise<void>
}

export class RowCrews {
  readonly #crews: readonly Crew[]
  readonly #sources: ReadonlySet<RowSettings['source']>

  constructor(engine: Engine, definitions: readonly RowSettings[], options: RowCrewOptions, tasks: HandedTasks) {
    this.#crews = definitions.map((settings) =>
      settings.work.kind === 'run'
        ? new RowCrew(engine, settings, settings.work.run, options)
        : new HandOnCrew(engine, settings, settings.work, options, tasks),
    )
    this.#sources = new Set(definitions.map(({ source }) => source))
  }

  get held(): number {
    return this.#crews.reduce((sum, { held }) => sum + held, 0)
  }

  async open(): Promise<void> {
    for (const crew of this.#crews) await crew.open()
  }

  start(): void {
    for (const crew of this.#crews) crew.start()
  }

  /** Beside the instance's tasks: rows become tasks, and the ends of those are the rows'. */
  async drainWith(drainTasks: () => Promise<number>, isMeant: () => boolean): Promise<number> {
    const handsOn = this.#crews.some((crew) => crew instanceof HandOnCrew)
    let ended = 0
    for (;;) {
      if (!isMeant()) return ended
      const rows = await Promise.all(this.#crews.map((crew) => crew.drain()))
      const tasks = isMeant() ? await drainTasks() : 0
      const now = rows.reduce((sum, count) => sum + count, tasks)
      ended += now
      if (!handsOn || now === 0) return ended
    }
  }

  async stop(timeoutMs: number, report: StopReport): Promise<void> {
    await Promise.all(this.#crews.map((crew) => crew.stop(timeoutMs, report)))
  }

  /** Ends what sources opened themselves. */
  async close(): Promise<void> {
    const closing = await Promise.allSettled([...this.#sources].map(async (source) => source.close?.()))
    // One that fails keeps none of the others open.
    for (const closed of closing) if (closed.status === 'rejected') throw closed.reason
  }
}
