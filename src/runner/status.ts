/** How much there is of what: counts for each definition, and what this process is doing. */

import { expectBoolean, expectOptions } from '../core/expect.ts'
import { type JobState, jobMoves } from '../core/job.ts'
import { definitionName, kindOfName } from '../core/part.ts'
import { type TaskState, taskMoves } from '../core/task.ts'
import type { Count, Storage } from '../storage/storage.ts'
import { type ClusterCounts, clusterCounts } from './cluster-counts.ts'
import type { Engine, Role } from './engine.ts'
import { isNameOfJobs } from './jobs/list.ts'
import type { Worker } from './worker.ts'

/** Counting stops here: a status must answer soon, however much is stored. */
const countUpTo = 100_000
/** Names that come behind so many rows would be overlooked. */
const countAllUpTo = 1_000_000

export interface StatusOptions {
  /**
   * `true`: of whatever the storage holds, not of the definitions of this process alone. The storage counts all its rows
   * then, up to a million.
   * @default false
   */
  readonly all?: boolean
}

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
  /** Of all processes that `piecework work --cluster` or `serve --cluster` keeps going; only there. */
  readonly cluster?: ClusterCounts
}

// Rows of items have their task's name; they are not tasks.
const states = [...new Set([...Object.keys(taskMoves), ...Object.keys(jobMoves)])]

type Kind = Role['kind']

export async function readStatus(
  engine: Engine,
  worker: Worker,
  rowsHeld: number,
  options: StatusOptions = {},
): Promise<Status> {
  const { all = false } = expectOptions('options', options, ['all'])
  expectBoolean('all', all)
  const { storage, definitions } = engine
  // Dispatches are counted as their consumer's tasks.
  const own = [...definitions].filter(([, { role }]) => !(role.kind === 'job' && role.job.report))
  const kinds = new Map(own.map(([name, { role }]): [string, Kind] => [name, role.kind]))
  const which = all ? { upTo: countAllUpTo } : { names: [...kinds.keys()], upTo: countUpTo }
  const { counts, capped } = await storage.count({ ...which, states })
  if (all) for (const [name, kind] of await othersIn(storage, counts, definitions)) kinds.set(name, kind)
  await worker.pauses.refresh()
  // A definition may have the name of what every object has.
  const countsOf = (name: string) => (Object.hasOwn(counts, name) && counts[name]) || {}
  const cluster = clusterCounts()
  const of = (kind: Kind) =>
    Object.fromEntries(
      [...kinds].flatMap(([name, each]) => (each === kind ? [[definitionName(name), countsOf(name)]] : [])),
    )
  return {
    tasks: of('task'),
    jobs: of('job'),
    parts: of('part'),
    capped,
    paused: all ? await worker.pauses.everywhere() : worker.pauses.names,
    worker: {
      running: worker.started,
      held: worker.held + rowsHeld,
      threads: engine.threads.reduce((sum, { size }) => sum + size, 0),
    },
    ...(cluster ? { cluster } : {}),
  }
}

/** What there is of definitions that this process does not have, by their names. */
async function othersIn(
  storage: Storage,
  counts: Count['counts'],
  definitions: Engine['definitions'],
): Promise<[name: string, kind: Kind][]> {
  const others: [string, Kind][] = []
  for (const name of Object.keys(counts)) {
    if (definitions.has(name)) continue
    // Rows of the library's own begin with `~`; parts are known by it.
    if (kindOfName(name) === 'parts') others.push([name, 'part'])
    else if (name[0] !== '~') others.push([name, (await isNameOfJobs(storage, counts, name)) ? 'job' : 'task'])
  }
  return others.sort(([a], [b]) => (a < b ? -1 : 1))
}
