/** Which jobs there are: read a page at a time, so that there may be any number of them. */
import { expected, expectOptions } from '../../core/expect.ts'
import { type JobState, jobMoves } from '../../core/job.ts'
import { checkName, checkStoredId } from '../../core/name.ts'
import { dispatchName, kindOfName, partName } from '../../core/part.ts'
import { taskMoves } from '../../core/task.ts'
import { isArchivedName } from '../../storage/archive-codec.ts'
import { jobRow } from '../../storage/job-codec.ts'
import type { Count, Page, Storage } from '../../storage/storage.ts'
import { type JobInfo, jobInfo, remainingOf } from './info.ts'

export interface JobsOptions {
  /** Only jobs in these states. @default all */
  readonly states?: readonly JobState[]
  /** Only jobs of these definitions, and dispatches to these tasks. @default all that the storage holds, which it must count its rows to know */
  readonly names?: readonly string[]
  /** Only jobs whose ids come after this one, byte by byte: where the last page ended. @default all */
  readonly after?: string
}

const jobStates = Object.keys(jobMoves) as JobState[]

/** Rows of tasks and parts are counted as well: a part tells that its name is a job's. Rows of items are not. */
const countedStates = [...new Set([...Object.keys(taskMoves), ...jobStates])]

/** A name that came behind so many rows would be overlooked; nobody has them. */
const countUpTo = 1_000_000_000

/** A job's row holds its result, which may be large. */
const pageRows = 100

/** @throws TypeError on options that cannot be. */
export async function* listJobs(storage: Storage, options: JobsOptions): AsyncGenerator<JobInfo, void, undefined> {
  const { states = jobStates, names } = checkJobs(options)
  const limit = Math.min(pageRows, storage.traits.batchMax)
  const by = { names: names?.flatMap((name) => [name, dispatchName(name)]) ?? (await namesOfJobs(storage)), states }
  let after: string | null = options.after ?? ''
  while (after !== null) {
    const page: Page = await storage.find({ ...by, after }, limit)
    // A definition may have been a task's once: then some of these rows are no jobs'.
    for (const row of page.rows) if (jobRow(row)) yield jobInfo(row, await remainingOf(storage, row))
    after = page.after
  }
}

/** A name is a job's if parts go by it, or a state that no task has; else its rows have to be looked at. */
async function namesOfJobs(storage: Storage): Promise<string[]> {
  const { counts } = await storage.count({ states: countedStates, upTo: countUpTo })
  const found: string[] = []
  for (const name of Object.keys(counts)) {
    const kind = kindOfName(name)
    if (kind === 'parts' || isArchivedName(name)) continue
    if (kind === 'dispatches' || (await isNameOfJobs(storage, counts, name))) found.push(name)
  }
  return found
}

/** Whether a definition of this name is, or was, a job's, by what a storage counted of all names. */
export async function isNameOfJobs(storage: Storage, counts: Count['counts'], name: string): Promise<boolean> {
  const isTold =
    Object.hasOwn(counts, partName(name)) ||
    Object.keys(counts[name] ?? {}).some((one) => !Object.hasOwn(taskMoves, one))
  // All its jobs may be over and have had no parts.
  return isTold || hasJobs(storage, name)
}

async function hasJobs(storage: Storage, name: string): Promise<boolean> {
  const { rows } = await storage.find({ names: [name], states: jobStates }, Math.min(pageRows, storage.traits.batchMax))
  return rows.some((row) => jobRow(row) !== undefined)
}

function checkJobs(options: JobsOptions): JobsOptions {
  const { states, names, after } = expectOptions('options', options, ['states', 'names', 'after'])
  if (after !== undefined) checkStoredId('after', after)
  if (states !== undefined && !Array.isArray(states)) throw expected('states', 'an array of states', states)
  for (const state of states ?? []) {
    if (!jobStates.includes(state)) throw expected('states', `only ${jobStates.join(', ')}`, state)
  }
  if (names !== undefined && !Array.isArray(names)) throw expected('names', 'an array of names', names)
  names?.forEach((name, index) => void checkName(`names[${index}]`, name))
  return options
}
