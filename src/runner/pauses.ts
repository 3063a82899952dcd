/** Definitions that are paused: a row each, so that every process on the storage obeys and a restart does not forget. */
import { definitionName } from '../core/part.ts'
import type { Page, Row } from '../storage/storage.ts'
import type { Engine } from './engine.ts'
import { slices } from './slices.ts'

/** The name of these rows, and how their ids begin. */
const PAUSE = '~pause'
const idPrefix = '~pause:'

/** How long a process may go on by what it last knew. */
const knownForMs = 1_000

export class Pauses {
  readonly #engine: Engine
  readonly #paused = new Set<string>()
  #readAt = Number.NEGATIVE_INFINITY

  constructor(engine: Engine) {
    this.#engine = engine
  }

  get names(): string[] {
    return [...this.#paused].sort()
  }

  has(name: string): boolean {
    return this.#paused.has(definitionName(name))
  }

  /** Reads the rows of all definitions again unless that was done just now. */
  async refresh(): Promise<void> {
    const { clock, definitions, storage } = this.#engine
    const now = clock.monotonic()
    if (now - this.#readAt < knownForMs) return
    // A job's parts are paused with it.
    const names = [...new Set([...definitions.keys()].map(definitionName))]
    for (const batch of slices(names, storage.traits.batchMax)) {
      const rows = await storage.get(batch.map(pauseId))
      batch.forEach((name, index) => {
        if (rows[index]) this.#paused.add(name)
        else this.#paused.delete(name)
      })
    }
    this.#readAt = now
  }

  /** Whether a definition is paused that this process may not have. */
  async look(name: string): Promise<boolean> {
    const [row] = await this.#engine.storage.get([pauseId(definitionName(name))])
    return row !== undefined
  }

  /** All definitions that are paused, whether or not this process has them. */
  async everywhere(): Promise<string[]> {
    const { storage } = this.#engine
    const found: string[] = []
    for (let after: string | null = ''; after !== null; ) {
      const page: Page = await storage.find({ names: [PAUSE], after }, storage.traits.batchMax)
      found.push(...page.rows.map(({ id }) => pausedName(id)))
      after = page.after
    }
    return found.sort()
  }

  async pause(name: string): Promise<void> {
    const { health, storage, time, newHolder } = this.#engine
    const row: Row = {
      id: pauseId(name),
      name: PAUSE,
      state: 'paused',
      priority: 0,
      wakeAt: null,
      rev: time.now(),
      tries: 0,
      holder: newHolder(),
      key: null,
      parent: null,
      doneAt: null,
      input: 'null',
      memo: 'null',
    }
    await health.few(() => storage.insert([row]))
    this.#paused.add(name)
  }

  async resume(name: string): Promise<void> {
    const { health, storage } = this.#engine
    await health.few(async () => {
      const [row] = await storage.get([pauseId(name)])
      if (row) await storage.apply([{ row, next: null }])
    })
    this.#paused.delete(name)
  }
}

// A name may hold a slash and an id may not; `%` keeps two names from making one id.
function pauseId(name: string): string {
  return idPrefix + name.replaceAll('%', '%25').replaceAll('/', '%2F')
}

function pausedName(id: string): string {
  return id.slice(idPrefix.length).replaceAll('%2F', '/').replaceAll('%25', '%')
}
