/**
 * What dispatches before left in the tracker: forgotten, or left over. Only theirs is touched: whoever does this may
 * have been superseded meanwhile, and find executions of the dispatch that has the tracker now.
 */
import { cancel } from '../../core/task.ts'
import { taskOf } from '../../storage/codec.ts'
import { dispatchNotesOf, runOf } from '../../storage/job-codec.ts'
import type { Page, Row } from '../../storage/storage.ts'
import type { Engine } from '../engine.ts'
import { moveParts, type PartMover } from '../jobs/sweep.ts'
import { removeChildren } from '../remove-children.ts'
import { slices } from '../slices.ts'
import type { Sealed } from './report.ts'

/** For how many executions at once their items are looked for. */
const childrenAtOnce = 20

/** Removes all of it, whatever is at work: some may change under its hands, so it looks until nothing is left. */
export async function forget({ storage }: Engine, tracker: Row): Promise<number> {
  let newest = 0
  for (let isClean = false; !isClean; ) {
    isClean = true
    let after: string | null = ''
    while (after !== null) {
      const page: Page = await storage.find({ parent: tracker.id, after }, storage.traits.batchMax)
      const rows = page.rows.filter((row) => isEarlier(row, tracker))
      for (const some of slices(rows, childrenAtOnce)) {
        await Promise.all(some.map((row) => removeChildren(storage, row.id, row.rev)))
      }
      if (rows.length > 0) {
        await storage.apply(rows.map((row) => ({ row, next: null })))
        isClean = false
      }
      for (const { rev } of rows) newest = Math.max(newest, rev)
      after = page.after
    }
  }
  return newest
}

/** What has not begun waits for its item to be read again; it may not be among the items this time. */
export async function leaveOver(engine: Engine, tracker: Row): Promise<void> {
  await close(engine, tracker, ['held', 'waiting', 'skipped'], new Set())
}

/**
 * The same with what came too late for that: stored, or skipped, by somebody who saw the tracker before it was taken.
 * Executions that this dispatch found at work are its own; one that was skipped since is opened again.
 */
export async function closeLate(mover: PartMover, tracker: Row, isWanted: boolean): Promise<void> {
  const fed = dispatchNotesOf(tracker)?.fed as Sealed | undefined
  // As long as items are read, only who reads them knows what this dispatch counts as its own.
  if (!fed) return
  // As long as some that are held wait for a slot, there are many of them to look through, and it is early enough.
  await close(mover, tracker, isWanted ? ['skipped'] : ['skipped', 'held'], new Set(fed.older))
}

async function close(
  mover: PartMover,
  tracker: Row,
  states: readonly string[],
  spared: ReadonlySet<string>,
): Promise<void> {
  await moveParts(mover, tracker, states, (task, now) => {
    if ((task.slot?.run ?? 0) >= runOf(tracker) || spared.has(task.id)) return undefined
    if (task.state !== 'held' && task.state !== 'waiting' && task.state !== 'skipped') return undefined
    const { attempts, failures, crashes } = task
    // Of what is cancelled, the last attempt is not counted (`holdOn`): here that must not be one that vanished unseen.
    return cancel(attempts > failures + crashes ? { ...task, attempts: attempts + 1 } : task, now)
  })
}

function isEarlier(row: Row, tracker: Row): boolean {
  return (taskOf(row).slot?.run ?? 0) < runOf(tracker)
}
