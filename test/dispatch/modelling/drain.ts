/** The end of every course of a model: faults stop, and a dispatch that is called then comes to its end. */
import { expect } from 'vitest'
import type { CompletedTask } from '../../../src/core/task.ts'
import { inputOf, taskOf } from '../../../src/storage/codec.ts'
import { jobOf, runOf } from '../../../src/storage/job-codec.ts'
import { type DispatchPlan, numberOf, numberOfItem } from './plan.ts'
import type { Call, Member, World } from './world.ts'

/** A minute each: what a crash left alone is asked again after half of one. */
const maxMinutes = 10

/** Somebody calls it until it is stored; then it ends by itself. */
export async function drain(world: World, plan: DispatchPlan): Promise<Call> {
  const { clock, alive, storage } = world
  const member = async (): Promise<Member> => [...alive][0] ?? (await world.spawn())
  // Calls that are under way in processes that were frozen come to their end, whatever that is.
  await member()
  await clock.tick('1m')
  let call = world.dispatch(await member(), plan)
  for (let minute = 0; minute < maxMinutes; minute++) {
    await clock.tick('1m')
    await member()
    if (call.outcome === undefined && !call.by.isDead()) continue
    if (call.outcome !== 'resolved') call = world.dispatch(await member(), { ...plan, begin: false })
    else if (storage.tracker()?.state === 'completed') break
  }
  const row = storage.tracker()
  const states = storage.parts().map(({ state }) => state)
  expect(storage.broken).toEqual([])
  expect(call.outcome, 'the last dispatch').toBe('resolved')
  expect(row?.state, `a slot was lost: the executions are ${states}`).toBe('completed')
  expect(runOf(row!)).toBe(call.run)
  return call
}

/** What holds once the last dispatch is completed. */
export async function checkEnd({ storage, diary }: World, { plan, by }: Call): Promise<void> {
  const rows = storage.parts()
  const numbers = rows.map((row) => numberOf((inputOf(row) as { item: unknown }).item))
  expect(new Set(numbers).size, 'P-DISPATCH one row for each value').toBe(numbers.length)
  for (const value of new Set(plan.items.map(numberOfItem))) {
    if (value === undefined) continue
    const row = rows[numbers.indexOf(value)]
    expect(['completed', 'failed'], `P-DISPATCH value ${value} is ${row?.state}`).toContain(row?.state)
    diary.meet(row!.state)
    if (row?.state !== 'completed') continue
    const emitted: unknown[] = []
    for await (const item of by.work.items(row.id)) emitted.push(item)
    expect(emitted, `the items of value ${value}`).toEqual([{ fence: (taskOf(row) as CompletedTask).result }])
  }
  expect(jobOf(storage.tracker()!).workers).toBe(plan.workers)
}

/** Everybody stops, and no timer of theirs is left. */
export async function stopAll({ alive, clock }: World): Promise<void> {
  for (const member of alive) {
    // Longer than its patience: an attempt that was lost may still be at it.
    const stopping = member.work.stop({ timeout: '30s' })
    await clock.tick('31s')
    await stopping
    expect(member.timers(), 'no timer outlives a stop').toBe(0)
  }
}
