/** How much there is of what: counts for each definition, and what this process is doing. */
import { type TaskState, taskMoves } from '../core/task.ts'
import type { Engine } from './engine.ts'
import type { Worker } from './worker.ts'

/** Counting stops here: a status must answer soon, however much is stored. */
const countUpTo = 100_000

export interface Status {
  /** For each definition of this process, how many tasks are in which state. States without a task are left out. */
  readonly tasks: Readonly<Record<string, Readonly<Partial<Record<TaskState, number>>>>>
  /** True when there are so many that counting stopped: the numbers are lower bounds. */
  readonly capped: boolean
  /** Names of paused definitions. */
  readonly paused: readonly string[]
  /** Whether this process works, and how many tasks it holds. */
  readonly worker: { readonly running: boolean; readonly held: number }
}

export async function readStatus(engine: Engine, worker: Worker): Promise<Status> {
  const names = [...engine.definitions.keys()]
  // Rows of items have their task's name; they are not tasks.
  const { counts, capped } = await engine.storage.count({ names, states: Object.keys(taskMoves), upTo: countUpTo })
  await worker.pauses.refresh()
  return {
    tasks: Object.fromEntries(names.map((name) => [name, counts[name] ?? {}])),
    capped,
    paused: worker.pauses.names,
    worker: { running: worker.started, held: worker.held },
  }
}
