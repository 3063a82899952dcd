/** Finds the slots of a job that a crash left idle, or that parts of an earlier run kept from being used. */
import { hasSlot, mayBegin, ownsSlot } from '../../core/slot.ts'
import { taskOf } from '../../storage/codec.ts'
import { isScattered, jobOf, runOf } from '../../storage/job-codec.ts'
import type { Page, Row, Storage } from '../../storage/storage.ts'
import { doneStates, type Slots } from './slots.ts'
import { pageRows, rowsOfParts } from './view.ts'

/**
 * `job` waits for its parts. Whoever else does the same meanwhile comes to the same answer, and compares and swaps.
 * Resolves with whether parts wait though nobody has a slot: those of this run are lost, and it takes another.
 */
export async function mendSlots(storage: Storage, slots: Slots, job: Row): Promise<boolean> {
  const { workers } = jobOf(job)
  if (workers === null) {
    // Where there are no slots, only a resume leaves parts held: all of them go on.
    await releaseAll(storage, slots, job)
    return false
  }
  const run = runOf(job)
  const owners = await ownersOfSlots(storage, job, workers)
  const older = await countAtWork(storage, job.id, (row) => taskOf(row).slot?.run !== run)
  await slots.begin(owners.filter((row) => mayBegin(taskOf(row).slot, run, workers, older)))

  let idle = workers - (await countAtWork(storage, job.id, () => true))
  if (idle <= 0 || !(await slots.isWanted(job))) return false
  for await (const id of keepersOfSlots(storage, job.id, run)) {
    const handedOn = await slots.handOnFrom(id)
    if (handedOn === 'released') idle--
    if (idle === 0 || handedOn === 'nobody') return false
  }
  return owners.length === 0 && idle === workers
}

/** Held parts that have a slot of their own: the first ones, except in a job whose parts have no order. */
async function ownersOfSlots(storage: Storage, job: Row, workers: number): Promise<Row[]> {
  const owners: Row[] = []
  let others = 0
  for await (const row of rowsOfParts(storage, job.id, ['held'])) {
    if (ownsSlot(taskOf(row).slot, runOf(job))) owners.push(row)
    else others++
    if (others > workers && !isScattered(job)) break
  }
  return owners
}

/** Parts that are done and whose slots seem to be nobody's: of a page, one look at all that they chose tells which. */
async function* keepersOfSlots(storage: Storage, jobId: string, run: number): AsyncGenerator<string> {
  const limit = Math.min(pageRows, storage.traits.batchMax)
  let after: string | null = ''
  while (after !== null) {
    const page: Page = await storage.find({ parent: jobId, states: doneStates, after }, limit)
    const done = page.rows.flatMap((row) => {
      const { slot } = taskOf(row)
      return hasSlot(slot, run) ? [{ id: row.id, to: slot.to ?? row.id }] : []
    })
    const chosen = await storage.get(done.map(({ to }) => to))
    for (const [index, { id }] of done.entries()) {
      const row = chosen[index]
      if (!row || taskOf(row).slot?.from !== id) yield id
    }
    after = page.after
  }
}

async function releaseAll(storage: Storage, slots: Slots, job: Row): Promise<void> {
  let batch: Row[] = []
  for await (const row of rowsOfParts(storage, job.id, ['held'])) {
    batch.push(row)
    if (batch.length < storage.traits.batchMax) continue
    await slots.begin(batch)
    batch = []
  }
  await slots.begin(batch)
}

async function countAtWork(storage: Storage, jobId: string, counts: (row: Row) => boolean): Promise<number> {
  let count = 0
  for await (const row of rowsOfParts(storage, jobId, ['waiting', 'running'])) if (counts(row)) count++
  return count
}
