/**
 * A failed or cancelled job goes on: its parts that are not completed are opened again.
 *
 * They are held until the job waits for its parts again: a part whose job is over would be skipped. Of a job with slots,
 * the first of them get one each, as in a first run; which ones stands in the parts, so that it is done once only. A call
 * that dies half-way leaves the job as it was, with parts that are held; the next call begins anew, as another run.
 */
import { resume as resumed } from '../../core/job.ts'
import { holdAgain } from '../../core/part.ts'
import type { Task } from '../../core/task.ts'
import { nextRow, taskOf, writtenRow } from '../../storage/codec.ts'
import { jobOf, nextJobRow, resumingRow, runOf } from '../../storage/job-codec.ts'
import type { Change, Page, Row } from '../../storage/storage.ts'
import type { Engine } from '../engine.ts'

/** What is opened again. Held parts are those of a call that died, or of a job that failed before they were swept. */
const closedStates = ['failed', 'skipped', 'cancelled', 'held']

/** @returns the row of the job that waits for its parts again; nothing where it cannot, or somebody else was first. */
export async function resumeJob(engine: Engine, row: Row): Promise<Row | undefined> {
  const job = jobOf(row)
  if ((job.state !== 'failed' && job.state !== 'cancelled') || job.total === null) return undefined
  const { storage, time, newHolder } = engine
  const holder = newHolder()
  // From here on an older call that is still under way cannot end.
  const begun = resumingRow(row, holder)
  const [taken] = await storage.apply([{ row, next: begun }])
  if (taken !== 'applied') return undefined
  const ours = writtenRow(row, begun)
  await reopen(engine, ours, job.workers ?? 0, holder)
  const mapping = resumed(job, time.now())
  if (!mapping) return undefined
  const next = nextJobRow(mapping, ours, holder)
  const [result] = await storage.apply([{ row: ours, next }])
  return result === 'applied' ? writtenRow(ours, next) : undefined
}

async function reopen({ storage, time }: Engine, job: Row, slots: number, holder: string): Promise<void> {
  const run = runOf(job)
  let left = slots
  let after: string | null = ''
  while (after !== null) {
    const page: Page = await storage.find({ parent: job.id, states: closedStates, after }, storage.traits.batchMax)
    const changes = page.rows.flatMap((part): Change[] => {
      const task = heldAgain(taskOf(part), time.now())
      if (!task) return []
      const slot = slots === 0 ? undefined : { run, ...(left > 0 ? { first: true } : {}) }
      left--
      return [{ row: part, next: nextRow({ ...task, slot }, part, holder, storage.traits.rowMaxBytes) }]
    })
    // One that is stale ended or was opened meanwhile by another call, which then has the job as well.
    if (changes.length > 0) await storage.apply(changes)
    after = page.after
  }
}

function heldAgain(task: Task, now: number): Task | undefined {
  switch (task.state) {
    case 'held':
      return task
    case 'failed':
    case 'cancelled':
    case 'skipped':
      return holdAgain(task, now)
    default:
      return undefined
  }
}
