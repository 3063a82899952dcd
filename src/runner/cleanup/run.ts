/** What the task of a cleanup does: purges definition by definition, as long as each of them is to be kept. */
import { messageOf } from '../../core/error-record.ts'
import type { TaskContext } from '../context.ts'
import type { Engine, Settings } from '../engine.ts'
import type { CleanupPlace, KeepingSink } from '../place.ts'
import { type DoneState, type Purged, purge } from '../purge.ts'
import { archive } from './archive.ts'

/** What a cleanup's task resolves with: how many it removed, and where they are now. */
export type Cleaned = Purged & { readonly keptIn: 'files' | 'archive' }

/** One call of `purge`: what is kept for the same time goes together. */
export interface Round {
  readonly olderThanMs: number
  readonly states: readonly DoneState[]
  readonly names: readonly string[]
}

export function cleanupRun(engine: Engine, place: CleanupPlace) {
  return async ({ signal }: TaskContext): Promise<Cleaned> => {
    const { storage } = engine
    const keeping = await usable(engine, place.keeping)
    const counts: Purged = Object.fromEntries(place.states.map((state) => [state, 0]))
    for (const { olderThanMs, states, names } of roundsOf(engine.definitions, place)) {
      const options = { olderThan: olderThanMs, states, names }
      const removed = await (keeping
        ? purge(engine, {
            ...options,
            sink: (...page) => {
              signal.throwIfAborted()
              return keeping.sink(...page)
            },
          })
        : purge(engine, options, (rows) => {
            signal.throwIfAborted()
            return archive(storage, rows)
          }))
      for (const state of states) counts[state] = (counts[state] ?? 0) + (removed[state] ?? 0)
    }
    return { ...counts, keptIn: keeping ? 'files' : 'archive' }
  }
}

/** A folder that cannot be written to is as good as none (Y15). */
async function usable({ notifier }: Engine, keeping: KeepingSink | undefined): Promise<KeepingSink | undefined> {
  try {
    await keeping?.check()
    return keeping
  } catch (error) {
    notifier.warn(`What is done goes to the archive in the storage, not to files: ${messageOf(error)}`)
    return undefined
  }
}

/** Parts and dispatches have no time of their own: what belongs to a row goes with it. */
export function roundsOf(definitions: ReadonlyMap<string, Settings>, place: CleanupPlace): Round[] {
  const rounds = new Map<string, { olderThanMs: number; states: DoneState[]; names: string[] }>()
  for (const state of place.states) {
    const byTime = new Map<number, string[]>()
    for (const [name, { role, retention }] of definitions) {
      if (role.kind === 'part' || (role.kind === 'job' && role.job.report)) continue
      const olderThanMs = retention?.[state] ?? place.olderThanMs
      byTime.set(olderThanMs, [...(byTime.get(olderThanMs) ?? []), name])
    }
    for (const [olderThanMs, names] of byTime) {
      const key = JSON.stringify([olderThanMs, names])
      const round = rounds.get(key)
      if (round) round.states.push(state)
      else rounds.set(key, { olderThanMs, states: [state], names })
    }
  }
  return [...rounds.values()]
}
