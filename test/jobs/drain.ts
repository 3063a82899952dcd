/** The end of every course of a world: faults stop, everything is worked off, and what must hold then is looked at. */
import { expect } from 'vitest'
import { partId } from '../../src/core/part.ts'
import type { Row } from '../../src/storage/index.ts'
import { jobOf, runOf } from '../../src/storage/job-codec.ts'
import { checkHistory } from '../runner/ledger.ts'
import type { Message } from './diary.ts'
import type { Member, World } from './world.ts'

/** A part in one of these is still to be done; one that is skipped, only as long as its job goes on. */
const openStates: readonly string[] = ['held', 'waiting', 'running']

/** Five seconds each: a job that a crash left alone asks again after thirty. */
const maxRounds = 120

/**
 * There is always somebody who works, who called `run` in vain calls again, and messages come until they are done.
 * `act` is asked each time what else is to be done, and answers nothing once it is.
 */
export async function drain(world: World, act: (member: Member) => unknown = () => undefined): Promise<void> {
  const { plans, clock, diary, alive } = world
  const ids = Object.keys(plans)
  for (let round = 0; round < maxRounds; round++) {
    const member = [...alive][0] ?? (await world.spawn())
    const acts = act(member)
    if (round > 2 && !acts && ids.every((id) => isAtRest(world, id))) return
    for (const id of ids) if (world.isWanting(id)) void world.run(member, id)
    for (const message of diary.messages) if (isWanted(world, message)) void world.deliver(member, message)
    await clock.tick('5s')
  }
}

/** What holds of every job that was worked off. */
export function checkEnd({ plans, storage, diary }: World): void {
  expect(storage.broken).toEqual([])
  for (const [id, plan] of Object.entries(plans)) {
    const [row] = storage.get([id])
    const states = storage.parts(id).map(({ state }) => state)
    const seen = `${id} is ${row?.state}, its parts are ${states}`
    expect(['completed', 'failed', 'cancelled'], `P-LOST MR-07 ${seen}`).toContain(row?.state)
    expect(row?.doneAt, `nobody swept the parts of a job that is over: ${seen}`).not.toBeNull()
    const open = isHalfResumed(row) ? [] : openStates.filter((state) => states.includes(state))
    expect(open, `a part is open for ever: ${seen}`).toEqual([])
    expect(storage.reduces(id), `P-REDUCE ${seen}`).toBe(row?.state === 'completed' ? 1 : 0)
    if (row?.state === 'completed') {
      expect(states.length, `P-PARTS ${seen}`).toBe(plan.parts.length)
      expect(
        states.filter((state) => state !== 'completed' && state !== 'failed'),
        `P-PARTS ${seen}`,
      ).toEqual([])
      if (plan.kind === 'announced') expect(diary.reduceMessages.get(id), seen).toBeGreaterThan(0)
    }
    for (const part of storage.parts(id)) {
      checkHistory(storage, part.id)
      expect(diary.startsOf(part.id).length, 'P-ATTEMPT').toBeLessThanOrEqual(storage.history(part.id).claims.length)
    }
    diary.meet(row!.state)
  }
}

/** All that did not complete and has all its parts goes on, and nothing fails any more: then it completes. */
export async function resumeAll(world: World): Promise<void> {
  const { plans, storage, diary, alive } = world
  diary.mended = true
  const ids = Object.keys(plans).filter((id) => {
    const [row] = storage.get([id])
    return row !== undefined && row.state !== 'completed' && (jobOf(row) as { total?: number | null }).total !== null
  })
  for (const id of ids) {
    diary.meet('resumed at the end')
    expect(await [...alive][0]!.work.retry(id)).toBe(true)
  }
  await drain(world)
  checkEnd(world)
  for (const id of ids) expect(storage.get([id])[0]?.state, `${id} was resumed`).toBe('completed')
}

/** Everybody stops, and no timer of theirs is left. */
export async function stopAll({ alive, clock }: World): Promise<void> {
  for (const member of alive) {
    // Longer than its patience: an attempt that was lost may still be at it.
    const stopping = member.work.stop({ timeout: '10s' })
    await clock.tick('11s')
    await stopping
    expect(member.timers(), 'no timer outlives a stop').toBe(0)
  }
}

/** A message is brought until it was done with; and again where it was skipped, and its job was resumed since. */
function isWanted({ storage }: World, { jobId, index, state }: Message): boolean {
  if (state !== 'done') return state === 'ready'
  const [job, part] = storage.get([jobId, partId(jobId, index)])
  return job?.state === 'mapping' && [...openStates, 'skipped'].includes(part?.state ?? '')
}

/** A resume that dies half-way leaves a job that is over, with parts that are open: the next one goes on from there. */
function isHalfResumed(row: Row | undefined): boolean {
  return row !== undefined && row.state !== 'completed' && runOf(row) > 1
}

function isAtRest(world: World, id: string): boolean {
  const [row] = world.storage.get([id])
  if (!world.isStored(id) || !row || row.doneAt === null || row.wakeAt !== null) return false
  return isHalfResumed(row) || !world.storage.parts(id).some(({ state }) => openStates.includes(state))
}
