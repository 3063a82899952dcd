/** `piecework ls`: the jobs of a storage, as they are read. */
import { type JobInfo, type JobState, type JobsOptions, jobMoves, type Piecework } from '../../index.ts'
import { jsonLine, type Output, write } from '../output.ts'
import { tableOfJobs } from '../tables.ts'

export interface LsOptions {
  readonly ids?: boolean
  readonly hideCompleted?: boolean
}

/** So many jobs share the widths of their columns: all of them might not fit into the memory. */
const tableRows = 100

export async function ls(work: Piecework, options: LsOptions, output: Output): Promise<void> {
  const states = (Object.keys(jobMoves) as JobState[]).filter((state) => state !== 'completed')
  const by: JobsOptions = options.hideCompleted ? { states } : {}
  await write(output, pieces(work.jobs(by), options, output))
}

async function* pieces(jobs: AsyncIterable<JobInfo>, options: LsOptions, output: Output): AsyncGenerator<string> {
  if (options.ids) for await (const { id } of jobs) yield `${id}\n`
  else if (output.isTTY) yield* tables(jobs, output)
  else for await (const job of jobs) yield jsonLine(job)
}

async function* tables(jobs: AsyncIterable<JobInfo>, output: Output): AsyncGenerator<string> {
  let rows: JobInfo[] = []
  let any = false
  for await (const job of jobs) {
    any = true
    rows.push(job)
    if (rows.length < tableRows) continue
    yield tableOfJobs(rows, output.columns)
    rows = []
  }
  if (rows.length > 0) yield tableOfJobs(rows, output.columns)
  if (!any) yield 'No jobs\n'
}
