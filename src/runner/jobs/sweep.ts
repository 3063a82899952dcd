/** The parts of a job that ended early, or that goes on: what nobody wants any longer is skipped, or opened again. */
import { askAgainMs, type CancelledJob, type FailedJob } from '../../core/job.ts'
import { skip, skipBegun, unskip } from '../../core/part.ts'
import { cancel, type Task } from '../../core/task.ts'
import { nextRow, taskOf } from '../../storage/codec.ts'
import { jobOf, jobRow, restingRow, runOf } from '../../storage/job-codec.ts'
import type { Page, Row, Storage } from '../../storage/storage.ts'
import type { Engine } from '../engine.ts'
import type { JobSettings } from './definition.ts'
import { rowsOfParts } from './view.ts'

const unfinished = ['held', 'waiting', 'running']

/** Skips the parts of a job that is over, and lets it rest; or looks at it again later. */
export async function sweep(
  engine: Engine,
  row: Row,
  job: FailedJob | CancelledJob,
  settings: JobSettings,
): Promise<void> {
  const isSwept = await sweepParts(engine, row, job, settings)
  // Somebody may have resumed it meanwhile, or the lease ran out: then the row is theirs, and so is the rest.
  await engine.storage.apply([{ row, next: restingRow(row, isSwept ? null : engine.time.now() + askAgainMs) }])
}

/**
 * Skips what has not begun; of a cancelled job, what runs as well: a part that was cancelled by this would stay so even in
 * a job that somebody resumes meanwhile, a skipped one is opened again. Nobody resumes a dispatch. `false`: there may be more to skip. Who was
 * adding parts may have one more batch on its way; and where consumers outside do them, nobody else skips a part that
 * was running and has to be tried again.
 */
async function sweepParts(
  engine: Engine,
  row: Row,
  job: FailedJob | CancelledJob,
  { hasMap, report }: JobSettings,
): Promise<boolean> {
  await moveParts(engine, row, unfinished, (task, now) => {
    // Somebody goes on with the job, and this view of it is too old.
    if (task.slot && task.slot.run > runOf(row)) return undefined
    if (task.state === 'held' || task.state === 'waiting') return skip(task, now)
    if (task.state !== 'running') return undefined
    if (job.state === 'cancelled' && report) return cancel(task, now)
    // Where the process of one vanished, a consumer outside may never claim it again, to skip it then.
    return job.state === 'cancelled' || task.wakeAt <= now ? skipBegun(task, now) : undefined
  })
  if (job.total === null && engine.time.now() < job.doneAt + askAgainMs) return false
  for await (const _ of rowsOfParts(engine.storage, row.id, hasMap ? ['held'] : unfinished)) return false
  return true
}

/** Opens parts again that were skipped by an older view of a job that was resumed. Resolves with whether there were any. */
export async function reopenSkipped(engine: Engine, job: Row): Promise<boolean> {
  const run = runOf(job)
  const { workers } = jobOf(job)
  const isReopened = await moveParts(engine, job, ['skipped'], (task, now) => {
    if (task.state !== 'skipped') return undefined
    if (workers === null) return unskip(task, false, now)
    // A slot of an earlier run is gone with that. One of its own may have to wait for parts of an earlier run.
    const slot = task.slot?.run === run ? task.slot : { run }
    return { ...unskip(task, slot.from === undefined, now), slot }
  })
  if (isReopened) await sweepReopened(engine, job)
  return isReopened
}

/** Where the job ended meanwhile, they were skipped for that, and have just been opened again: it becomes due once more. */
async function sweepReopened({ storage, time }: Engine, seen: Row): Promise<void> {
  const row = jobRow((await storage.get([seen.id]))[0])
  // In another run, it is being resumed.
  if (!row || !['failed', 'cancelled'].includes(row.state) || runOf(row) !== runOf(seen)) return
  await storage.apply([{ row, next: restingRow(row, time.now()) }])
}

/** What it takes to move parts. Of its own, for definitions speak of it, and what they say is for users to read. */
export interface PartMover {
  readonly storage: Storage
  readonly time: { now(): number }
  readonly newHolder: () => string
}

/** Compares and swaps each part once: one that others changed meanwhile is theirs. */
export async function moveParts(
  { storage, time, newHolder }: PartMover,
  job: Row,
  states: readonly string[],
  move: (task: Task, now: number) => Task | undefined,
): Promise<boolean> {
  const holder = newHolder()
  let moved = false
  let after: string | null = ''
  while (after !== null) {
    const page: Page = await storage.find({ parent: job.id, states, after }, storage.traits.batchMax)
    const changes = page.rows.flatMap((part) => {
      const task = move(taskOf(part), time.now())
      return task ? [{ row: part, next: nextRow(task, part, holder, storage.traits.rowMaxBytes) }] : []
    })
    if (changes.length > 0) {
      await storage.apply(changes)
      moved = true
    }
    after = page.after
  }
  return moved
}
