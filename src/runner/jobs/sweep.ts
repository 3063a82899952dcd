/** The parts of a job that ended early, or that goes on: what nobody wants any longer is skipped, or opened again. */
import { askAgainMs, type CancelledJob, type FailedJob } from '../../core/job.ts'
import { skip, unskip } from '../../core/part.ts'
import { hasSlot } from '../../core/slot.ts'
import { cancel, type Task } from '../../core/task.ts'
import { nextRow, taskOf } from '../../storage/codec.ts'
import { jobOf, restingRow, runOf } from '../../storage/job-codec.ts'
import type { Page, Row } from '../../storage/storage.ts'
import type { Engine } from '../engine.ts'
import type { JobSettings } from './definition.ts'
import { rowsOfParts } from './view.ts'

const unfinished = ['held', 'waiting', 'running']

/**
 * Skips what has not begun; of a cancelled job, what runs is cancelled as well. `false`: there may be more to skip. Who was
 * adding parts may have one more batch on its way; and where consumers outside do them, nobody else skips a part that
 * was running and has to be tried again.
 */
export async function sweep(
  engine: Engine,
  row: Row,
  job: FailedJob | CancelledJob,
  { hasMap }: JobSettings,
): Promise<boolean> {
  await moveParts(engine, row, unfinished, (task, now) => {
    // Somebody goes on with the job, and this view of it is too old.
    if (task.slot && task.slot.run > runOf(row)) return undefined
    if (task.state === 'held' || task.state === 'waiting') return skip(task, now)
    if (task.state !== 'running') return undefined
    if (job.state === 'cancelled') return cancel(task, now)
    // Its process vanished. A consumer outside may never claim it again, to give that attempt back and skip it.
    return task.wakeAt <= now ? skip({ ...task, attempts: task.attempts + 1 }, now) : undefined
  })
  if (job.total === null && engine.time.now() < job.doneAt + askAgainMs) return false
  for await (const _ of rowsOfParts(engine.storage, row.id, hasMap ? ['held'] : unfinished)) return false
  return true
}

/** Parts of a job that is over came to be open after the others were skipped: whoever claims it then skips those too. */
export async function sweepAgain({ storage, time }: Engine, row: Row): Promise<number> {
  const now = time.now()
  await storage.apply([{ row, next: restingRow(row, now) }])
  return now
}

/** Opens parts again that were skipped by an older view of a job that was resumed. Resolves with whether there were any. */
export function reopenSkipped(engine: Engine, job: Row): Promise<boolean> {
  const run = runOf(job)
  const { workers } = jobOf(job)
  return moveParts(engine, job, ['skipped'], (task, now) => {
    if (task.state !== 'skipped') return undefined
    if (workers === null) return unskip(task, false, now)
    // A slot of an earlier run is gone with that.
    const slot = task.slot?.run === run ? task.slot : { run }
    return { ...unskip(task, !hasSlot(slot, run), now), slot }
  })
}

/** Compares and swaps each part once: one that others changed meanwhile is theirs. */
export async function moveParts(
  { storage, time, newHolder }: Engine,
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
