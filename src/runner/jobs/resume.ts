/**
 * A failed or cancelled job goes on: its parts that are not completed are opened again.
 *
 * They are held until the job waits for its parts again: a part whose job is over would be skipped. Of a job with slots,
 * the first of them get one each, as in a first run; which ones stands in the parts, so that it is done once only. What
 * still runs goes on, and keeps one of those slots from being used until it ends. A call that dies half-way leaves the
 * job as it was, with parts that are held; the next call begins anew, as another run.
 */
import { askAgainMs, resume as resumed } from '../../core/job.ts'
import { holdAgain, kindOfName } from '../../core/part.ts'
import type { Task } from '../../core/task.ts'
import { nextRow, taskOf, writtenRow } from '../../storage/codec.ts'
import { anotherRun, isBeingPurged, jobOf, nextJobRow, resumingRow, runOf } from '../../storage/job-codec.ts'
import type { Row } from '../../storage/storage.ts'
import type { Engine } from '../engine.ts'
import { slices } from '../slices.ts'
import type { Slots } from './slots.ts'
import { moveParts } from './sweep.ts'

/**
 * What is opened again. Held and waiting parts are those of a call that died, or of a job that failed before they were
 * swept: written again, they are out of reach of those who still mean to skip them.
 */
const reopened = ['failed', 'skipped', 'cancelled', 'held', 'waiting']

/** Each older call can be first at a part once; more of them than this means that something else is wrong. */
const maxRounds = 20

/** Whether a job is one that can go on: over early, with all its parts there, and no dispatch, which begins again instead. */
export function mayResume(row: Row): boolean {
  const job = jobOf(row)
  if (kindOfName(row.name) === 'dispatches' || isBeingPurged(row)) return false
  return (job.state === 'failed' || job.state === 'cancelled') && job.total !== null
}

/** @returns the row of the job that waits for its parts again; nothing where it cannot, or somebody else was first. */
export async function resumeJob(engine: Engine, slots: Slots, row: Row): Promise<Row | undefined> {
  const job = jobOf(row)
  if ((job.state !== 'failed' && job.state !== 'cancelled') || !mayResume(row)) return undefined
  const { storage, time, newHolder } = engine
  const holder = newHolder()
  // From here on an older call that is still under way cannot end.
  const begun = resumingRow(row, holder)
  const [taken] = await storage.apply([{ row, next: begun }])
  if (taken !== 'applied') return undefined
  const ours = writtenRow(row, begun)
  await reopen(engine, ours)
  if (job.workers !== null) await giveSlots(engine, slots, ours, job.workers)
  const mapping = resumed(job, time.now())
  if (!mapping) return undefined
  const next = nextJobRow(mapping, ours, holder)
  const [result] = await storage.apply([{ row: ours, next }])
  return result === 'applied' ? writtenRow(ours, next) : undefined
}

/** The held parts of a job that goes on get slots anew, as another run. Nothing where somebody else was first. */
export async function renewSlots(engine: Engine, slots: Slots, row: Row): Promise<Row | undefined> {
  const { storage, time, newHolder } = engine
  const job = jobOf(row)
  if (job.state !== 'mapping' || job.workers === null) return undefined
  const next = anotherRun(nextJobRow({ ...job, wakeAt: time.now() + askAgainMs }, row, newHolder()))
  const [result] = await storage.apply([{ row, next }])
  if (result !== 'applied') return undefined
  const ours = writtenRow(row, next)
  await moveParts(engine, ours, ['held'], (part) => ({ ...part, slot: { run: runOf(ours) } }))
  await giveSlots(engine, slots, ours, job.workers)
  return ours
}

async function reopen(engine: Engine, job: Row): Promise<void> {
  const run = runOf(job)
  // Again, until nothing is left: an older call that still is under way may have been first at some of them.
  for (let round = 0; round < maxRounds; round++) {
    const moved = await moveParts(engine, job, reopened, (part, now) => {
      // Of a later call: this one stood still meanwhile, and what it would write now could never be used.
      if (part.slot && part.slot.run > run) return undefined
      if (part.state === 'held' && part.slot?.run === run) return undefined
      const task = heldAgain(part, now)
      return task && { ...task, slot: { run } }
    })
    if (!moved) return
  }
}

/** Gives out each slot once. Nobody else writes to held parts of a job that is over, but another call of this kind. */
async function giveSlots({ storage, newHolder }: Engine, slots: Slots, job: Row, workers: number): Promise<void> {
  const held = (await slots.heldParts(job, workers)).filter((part) => taskOf(part).slot?.run === runOf(job))
  const holder = newHolder()
  const changes = held.map((part, first) => {
    const task = { ...taskOf(part), slot: { run: runOf(job), first } }
    return { row: part, next: nextRow(task, part, holder, storage.traits.rowMaxBytes) }
  })
  for (const batch of slices(changes, storage.traits.batchMax)) await storage.apply(batch)
}

function heldAgain(task: Task, now: number): Task | undefined {
  switch (task.state) {
    case 'held':
      return task
    case 'waiting':
    case 'failed':
    case 'cancelled':
    case 'skipped':
      return holdAgain(task, now)
    default:
      return undefined
  }
}
