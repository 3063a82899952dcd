/** What became of the items of a dispatch. */
import { taskOf } from '../../storage/codec.ts'
import { dispatchNotesOf, runOf } from '../../storage/job-codec.ts'
import type { Row, Storage } from '../../storage/storage.ts'
import { rowsOfParts } from '../jobs/view.ts'

/** An item that was not run, and why. */
export interface Refusal {
  /** Which item it was, from 0. */
  readonly at: number
  readonly reason: string
}

/** What is known when all items were read. Each item is counted once. */
export interface Fed {
  readonly items: number
  /** Values that this dispatch runs. */
  readonly run: number
  /** Items whose value was run well before. */
  readonly skipped: number
  /** Items whose value has no execution left from before. */
  readonly exhausted: number
  /** Items without the attribute, or whose value or input cannot be. */
  readonly refused: number
  /** Items whose value this dispatch runs for another item. */
  readonly repeated: number
  /** The first 100 of those refused. */
  readonly refusals: readonly Refusal[]
}

/** What the tracker keeps of that. */
export interface Sealed extends Fed {
  /** Executions of a dispatch before that are counted as run, since they were still at work. */
  readonly older: readonly string[]
}

/** The end of a dispatch. What it ran is counted by distinct values, what it did not run by items. */
export interface DispatchReport extends Fed {
  /** How many of those that were run ended well. */
  readonly completed: number
  /** How many of those that were run somebody cancelled. */
  readonly cancelled: number
  /** How many have no execution left, from before or now. */
  readonly exhausted: number
}

/** Read when no execution is open any longer. */
export async function reportOf(storage: Storage, job: Row): Promise<DispatchReport | undefined> {
  const notes = dispatchNotesOf(job)
  if (!notes?.fed) return undefined
  const { older, ...fed } = notes.fed as Sealed
  const ours = new Set(older)
  const run = runOf(job)
  let failed = 0
  let cancelled = 0
  for await (const row of rowsOfParts(storage, job.id, ['failed', 'cancelled'])) {
    // What failed before is counted already, and what a dispatch before left over is no concern of this one.
    if (taskOf(row).slot?.run !== run && !ours.has(row.id)) continue
    if (row.state === 'failed') failed++
    else cancelled++
  }
  return { ...fed, completed: fed.run - failed - cancelled, cancelled, exhausted: fed.exhausted + failed }
}
