/**
 * The tracker of a consumer is a job, and its parts are the consumer's executions: one row for each value, which says
 * itself what became of it. So a crash between an execution and a note about it cannot be (B29).
 *
 * A dispatch takes the job as another run. One before it that is still under way comes too late with whatever it does.
 */
import { PieceworkError } from '../../core/errors.ts'
import { beginAgain, newJob } from '../../core/job.ts'
import { dispatchName } from '../../core/part.ts'
import { inputText, writtenRow } from '../../storage/codec.ts'
import { dispatchingRow, dispatchNotesOf, jobOf, jobRow, newJobRow, notedRow, runOf } from '../../storage/job-codec.ts'
import type { NextRow, Row } from '../../storage/storage.ts'
import { defaultPriority } from '../add-options.ts'
import type { Engine } from '../engine.ts'
import { forget, leaveOver } from './earlier.ts'
import type { CheckedDispatch } from './options.ts'
import { countOlder } from './owners.ts'

/** Losing so often in a row means that something else is wrong. */
const maxRounds = 20

/** A tracker that a dispatch has taken. */
export interface Tracker {
  readonly row: Row
  readonly run: number
  /** How many executions of a dispatch before are still at work. */
  readonly older: number
  /** The highest revision among the rows that were ever removed. */
  readonly forgotten: number
}

/**
 * Nothing where the id is something else's. Whatever it throws, it may be called again.
 * @throws PieceworkError `contended`, `superseded`.
 */
export async function takeTracker(engine: Engine, options: CheckedDispatch): Promise<Tracker | undefined> {
  const taken = await take(engine, options)
  if (!taken) return undefined
  const { id } = taken
  const { startedAt, forgets, newest = 0 } = dispatchNotesOf(taken)!
  const run = runOf(taken)
  const forgotten = Math.max(newest, forgets ? await forget(engine, taken) : 0)
  if (!forgets) await leaveOver(engine, taken)
  const older = forgets ? 0 : await countOlder(engine.storage, id, run)
  // Slots that those keep from being used are given to parts that are held, wherever they lie.
  const notes = { dispatch: { startedAt, newest: forgotten }, scattered: older > 0 ? (true as const) : undefined }
  const row = await moveTracker(engine, { id, run }, (row) => notedRow(row, notes, engine.newHolder()))
  return { row, run, older, forgotten }
}

/**
 * Writes the tracker that a dispatch has taken. One that was cancelled meanwhile stays so; one that is not open any
 * longer is as it is to be: an answer was lost.
 * @throws PieceworkError `contended`, `superseded`.
 */
export async function moveTracker(
  { storage }: Engine,
  { id, run }: { readonly id: string; readonly run: number },
  move: (row: Row) => NextRow,
): Promise<Row> {
  for (let round = 0; round < maxRounds; round++) {
    const [row] = await storage.get([id])
    if (!row || runOf(row) !== run) throw superseded(id)
    if (row.state !== 'open') return row
    const next = move(row)
    const [result] = await storage.apply([{ row, next }])
    if (result === 'applied') return writtenRow(row, next)
  }
  throw contended(id)
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
    const { forgets = false, newest = 0 } = dispatchNotesOf(found) ?? {}
    const notes = { startedAt: now, newest, ...(begin || forgets ? { forgets: true as const } : {}) }
    const next = dispatchingRow(beginAgain(jobOf(found), workers, now), found, notes, newHolder())
    const [result] = await storage.apply([{ row: found, next }])
    if (result === 'applied') return writtenRow(found, next)
  }
  throw contended(id)
}

function contended(id: string): PieceworkError {
  return new PieceworkError('contended', `Others changed dispatch ${id} at each of ${maxRounds} tries`)
}
