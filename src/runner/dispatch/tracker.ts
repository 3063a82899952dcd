/**
 * The tracker of a consumer is a job, and its parts are the consumer's executions: one row for each value, which says
 * itself what became of it. So a crash between an execution and a note about it cannot be (B29).
 *
 * A dispatch takes the job as another run. One before it that is still under way comes too late with whatever it does.
 */
import { PieceworkError } from '../../core/errors.ts'
import { beginAgain, newJob } from '../../core/job.ts'
import { dispatchName } from '../../core/part.ts'
import { cancel } from '../../core/task.ts'
import { inputText, writtenRow } from '../../storage/codec.ts'
import { dispatchingRow, dispatchNotesOf, jobOf, jobRow, newJobRow, notedRow, runOf } from '../../storage/job-codec.ts'
import type { NextRow, Row } from '../../storage/storage.ts'
import { defaultPriority } from '../add-options.ts'
import type { Engine } from '../engine.ts'
import { moveParts } from '../jobs/sweep.ts'
import { rowsOfParts } from '../jobs/view.ts'
import { removeChildren } from '../remove-children.ts'
import type { CheckedDispatch } from './options.ts'

/** Losing so often in a row means that something else is wrong. */
const maxRounds = 20

/** A tracker that a dispatch has taken. */
export interface Tracker {
  readonly row: Row
  readonly run: number
  /** How many executions of a dispatch before are still at work. */
  readonly older: number
}

/**
 * Nothing where the id is something else's. Whatever it throws, it may be called again.
 * @throws PieceworkError `contended`, `superseded`.
 */
export async function takeTracker(engine: Engine, options: CheckedDispatch): Promise<Tracker | undefined> {
  const taken = await take(engine, options)
  if (!taken) return undefined
  const { startedAt, forgets } = dispatchNotesOf(taken)!
  if (forgets) await removeChildren(engine.storage, taken.id)
  else await leaveOver(engine, taken)
  const older = forgets ? 0 : await countAtWork(engine, taken)
  // Slots that those keep from being used are given to parts that are held, wherever they lie.
  const notes = { dispatch: { startedAt }, scattered: older > 0 ? (true as const) : undefined }
  const row = await write(engine, taken, notedRow(taken, notes, engine.newHolder()))
  return { row, run: runOf(row), older }
}

/** Writes the tracker that this dispatch has taken. @throws PieceworkError `superseded`. */
export async function write({ storage }: Engine, row: Row, next: NextRow): Promise<Row> {
  const [result] = await storage.apply([{ row, next }])
  if (result === 'applied') return writtenRow(row, next)
  throw superseded(row.id)
}

export function superseded(id: string): PieceworkError {
  return new PieceworkError('superseded', `Another dispatch with the id ${id} has begun; it goes on with what is left`)
}

async function take(engine: Engine, { id, to, workers, begin }: CheckedDispatch): Promise<Row | undefined> {
  const { storage, time, newHolder } = engine
  const name = dispatchName(to.name)
  for (let round = 0; round < maxRounds; round++) {
    const now = time.now()
    const [found] = await storage.get([id])
    if (!found) {
      const facts = { input: inputText({ to: to.name }), holder: newHolder(), rev: now }
      await storage.insert([newJobRow(newJob({ id, name, priority: defaultPriority, workers }, now), facts)])
      continue
    }
    if (!jobRow(found) || found.name !== name) return undefined
    const forgets = begin || dispatchNotesOf(found)?.forgets
    const notes = { startedAt: now, ...(forgets ? { forgets: true as const } : {}) }
    const next = dispatchingRow(beginAgain(jobOf(found), workers, now), found, notes, newHolder())
    const [result] = await storage.apply([{ row: found, next }])
    if (result === 'applied') return writtenRow(found, next)
  }
  throw new PieceworkError('contended', `Others changed dispatch ${id} at each of ${maxRounds} tries`)
}

/** What has not begun waits for its item to be read again; it may not be among the items this time. */
async function leaveOver(engine: Engine, tracker: Row): Promise<void> {
  await moveParts(engine, tracker, ['held', 'waiting', 'skipped'], (task, now) =>
    task.state === 'held' || task.state === 'waiting' || task.state === 'skipped' ? cancel(task, now) : undefined,
  )
}

async function countAtWork({ storage }: Engine, tracker: Row): Promise<number> {
  let count = 0
  for await (const _ of rowsOfParts(storage, tracker.id, ['waiting', 'running'])) count++
  return count
}
