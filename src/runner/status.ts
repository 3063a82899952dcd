/** How much there is of what: counts for each definition, and what this process is doing. */
import { type JobState, jobMoves } from '../core/job.ts'
import { definitionName } from '../core/part.ts'
import { type TaskState, taskMoves } from '../core/task.ts'
import type { Engine, Role } from './engine.ts'
import type { Worker } from './worker.ts'

/** Counting stops here: a status must answer soon, however much is stored. */
const countUpTo = 100_000

export interface Status {
  /** For each definition of this process, how many tasks are in which state. States without a task are left out. */
  readonly tasks: Readonly<Record<string, Readonly<Partial<Record<TaskState, number>>>>>
  /** The same for the definitions of jobs. */
  readonly jobs: Readonly<Record<string, Readonly<Partial<Record<JobState, number>>>>>
  /** The parts of all jobs of each of those. */
  readonly parts: Readonly<Record<string, Readonly<Partial<Record<TaskState, number>>>>>
  /** True when there are so many that counting stopped: the numbers are lower bounds. */
  readonly capped: boolean
  /** Names of paused definitions. */
  readonly paused: readonly string[]
  /** Whether this process works, how many tasks and rows of the app's own it holds, and how many threads it has for them. */
  readonly worker: { readonly running: boolean; readonly held: number; readonly threads: number }
}

// Rows of items have their task's name; they are not tasks.
const states = [...new Set([...Object.keys(taskMoves), ...Object.keys(jobMoves)])]

export async function readStatus(engine: Engine, worker: Worker, rowsHeld: number): Promise<Status> {
  // Dispatches are counted as their consumer's tasks.
  const definitions = [...engine.definitions].filter(([, { role }]) => !(role.kind === 'job' && role.job.report))
  const names = definitions.map(([name]) => name)
  const { counts, capped } = await engine.storage.count({ names, states, upTo: countUpTo })
  await worker.pauses.refresh()
  const of = (kind: Role['kind']) =>
    Object.fromEntries(
      definitions.flatMap(([name, { role }]) =>
        role.kind === kind ? [[definitionName(name), counts[name] ?? {}]] : [],
      ),
    )
  return {
    tasks: of('task'),
    jobs: of('job'),
    parts: of('part'),
    capped,
    paused: worker.pauses.names,
    worker: {
      running: worker.started,
      held: worker.held + rowsHeld,
      threads: engine.threads.reduce((sum, { size }) => sum + size, 0),
    },
  }
}
