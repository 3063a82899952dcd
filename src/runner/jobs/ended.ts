/** Parts whose outcomes were stored, and what that means for their jobs. */
import type { JobFailure } from '../../core/job.ts'
import { runOf } from '../../storage/job-codec.ts'
import type { Attempt } from '../attempt.ts'
import type { SettledTask } from '../settler.ts'
import type { JobSettings } from './definition.ts'
import { failureOf } from './look.ts'

/** An attempt whose outcome was stored. */
export interface Stored {
  readonly attempt: Attempt
  readonly task: SettledTask
}

/** What the ends of parts mean for one job. */
export interface EndedParts {
  readonly settings: JobSettings
  readonly ids: Set<string>
  /** How many of them failed for good. */
  failed: number
  /** Of a part whose error fails the job by its kind; and the run that the job was in when it began. */
  failure: { readonly of: JobFailure; readonly run: number | undefined } | undefined
  /** The earliest run that one of the parts had its slot in, where the job has slots. */
  run: number | undefined
}

export function endedByJob(stored: readonly Stored[]): Map<string, EndedParts> {
  const jobs = new Map<string, EndedParts>()
  for (const { attempt, task } of stored) {
    const { role } = attempt.settings
    const jobId = attempt.row.parent
    if (jobId === null || task.state === 'waiting') continue
    const job = jobs.get(jobId) ?? {
      settings: role.job,
      ids: new Set<string>(),
      failed: 0,
      failure: undefined,
      run: undefined,
    }
    jobs.set(jobId, job)
    job.ids.add(task.id)
    // Parts of several runs may end together, and it is the older ones that kept slots from being used.
    const run = task.slot?.run
    if (run !== undefined) job.run = Math.min(run, job.run ?? run)
    if (task.state !== 'failed') continue
    job.failed++
    const begun = attempt.job && runOf(attempt.job.row)
    if (task.reason === 'fails_job') job.failure ??= { of: failureOf(task), run: begun }
  }
  return jobs
}
