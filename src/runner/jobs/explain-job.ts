/** Why a job is where it is, in a sentence or two for a person. */
import ms from 'ms'
import { jobOf } from '../../storage/job-codec.ts'
import type { Row } from '../../storage/storage.ts'

/** @param remaining how many of its parts are open. */
export function explainJob(row: Row, remaining: number, now: number): string {
  const job = jobOf(row)
  const what = `Job ${job.id} (${job.name})`
  const since = (instant: number) => `${ms(Math.max(0, now - instant))} ago`
  const slots = job.workers === null ? '' : ` At most ${job.workers} run at once.`
  switch (job.state) {
    case 'open':
      return `${what} is open: its parts are still being added. Of those that are there ${remaining} remain.${slots}`
    case 'mapping':
      return `${what} waits for its parts: ${remaining} of ${job.total} remain.${slots}`
    case 'reducing':
      return `${what} has all of its parts done (${job.total}). ${reduceOf(job.wakeAt, now)}`
    case 'completed':
      return `${what} was completed ${since(job.doneAt)}.`
    case 'failed': {
      const { part, error } = job.failure
      const where = part === null ? 'its reduce' : `part ${part}`
      return `${what} failed ${since(job.doneAt)}, by ${where}: ${error.name}: ${error.message}`
    }
    case 'cancelled':
      return `${what} was cancelled ${since(job.doneAt)}.`
  }
}

/** A lease and a retry's delay are one column, and nothing else tells them apart. */
function reduceOf(wakeAt: number, now: number): string {
  if (wakeAt <= now) return `Its reduce has been due for ${ms(now - wakeAt)}.`
  return `Its reduce runs, or will be tried again in ${ms(wakeAt - now)}.`
}
