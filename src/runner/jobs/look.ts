/** What the parts of a job say: whether one is still open, and which have failed. */
import { failedAllowed, type JobFailure, type PartsSeen } from '../../core/job.ts'
import { indexOfPart, openStates } from '../../core/part.ts'
import type { FailedTask } from '../../core/task.ts'
import { taskOf } from '../../storage/codec.ts'
import { jobOf } from '../../storage/job-codec.ts'
import type { Page, Row, Storage } from '../../storage/storage.ts'
import { rowsOfParts } from './view.ts'

/** Asks the parts themselves, from the first one on. */
export async function look(storage: Storage, job: Row, threshold: number): Promise<PartsSeen> {
  // In this order: where no part is open, all failures there will ever be are there to be seen.
  const open = (await firstOpen(storage, job.id, '')) !== undefined
  return { open, ...(await failures(storage, job.id, allowedOf(job, threshold))) }
}

/** How many parts of a job have failed, up to a number. */
export async function countFailed(storage: Storage, jobId: string, upTo: number): Promise<number> {
  const { counts } = await storage.count({ parent: jobId, states: ['failed'], upTo })
  return Object.values(counts).reduce((sum, { failed = 0 }) => sum + failed, 0)
}

/** How many parts of a job may fail. */
export function allowedOf(job: Row, threshold: number): number {
  const { total = null } = jobOf(job) as { total?: number | null }
  return failedAllowed(threshold, total)
}

/** The first open part behind an id. */
export async function firstOpen(storage: Storage, jobId: string, behind: string): Promise<string | undefined> {
  let after: string | null = behind
  while (after !== null) {
    const page: Page = await storage.find({ parent: jobId, states: openStates, after }, 1)
    if (page.rows[0]) return page.rows[0].id
    after = page.after
  }
  return undefined
}

/** Counts no further than what decides: one more than is allowed. */
async function failures(storage: Storage, jobId: string, allowed: number): Promise<Omit<PartsSeen, 'open'>> {
  if (allowed === Number.POSITIVE_INFINITY) return { failed: 0, failure: undefined, failsJob: false }
  let failed = 0
  let failure: JobFailure | undefined
  for await (const row of rowsOfParts(storage, jobId, ['failed'])) {
    const task = taskOf(row)
    if (task.state !== 'failed') continue
    failed++
    failure ??= failureOf(task)
    if (task.reason === 'fails_job') return { failed, failure: failureOf(task), failsJob: true }
    if (failed > allowed) break
  }
  return { failed, failure, failsJob: false }
}

/** What a job keeps of the part that failed it. */
export function failureOf(part: FailedTask): JobFailure {
  const { name, message, at } = part.errors.at(-1) ?? { name: 'Error', message: part.reason, at: part.doneAt }
  return { part: indexOfPart(part.id) ?? null, error: { name, message, at } }
}
