/** What the app does with tasks, each from its beginning to its end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { PieceworkError } from '../../../src/index.ts'
import type { World } from './world.ts'

export type Act = (world: World) => Promise<void>

let lastKey = 0

/** Many at once; how many is what makes most of the tasks of a run. */
export const batch: Act = async ({ work, quick, ends, random }) => {
  const added = await work.add(Array.from({ length: 40 }, () => quick.with({ size: random.below(1_000) })))
  await ends.all(added.map(({ id }) => id))
}

/** One of each kind of end, side by side. */
export const mixed: Act = async ({ work, ends, random, ...of }) => {
  const added = await work.add([
    of.flaky.with({ size: 1 + random.below(2) }),
    of.hopeless.with({ size: 1 + random.below(2) }),
    of.heeding.with({ size: random.below(10) }),
    of.late.with({ size: random.chance(50) ? 5 : 10_000 }),
    of.snoozer.with({ size: 1 }),
    of.lister.with({ size: 1 + random.below(5) }),
    of.reporter.with({ size: random.chance(5) ? 200 : 2 }),
    of.quick.with({ size: 1 }, { delay: random.below(60), priority: random.below(10) }),
  ])
  await ends.all(added.map(({ id }) => id))
}

export const keyed: Act = async ({ work, keyed, ends, random }) => {
  const key = `k${random.below(50)}`
  const calls = Array.from({ length: 5 }, () => work.add(keyed, { size: random.below(10) }, { key }))
  const added = (await Promise.all(calls)).filter(({ status }) => status === 'added')
  await ends.all(added.map(({ id }) => id))
}

/** Before it runs, and while it does. */
export const cancels: Act = async ({ work, heeding, ends, random }) => {
  const waits = await work.add(heeding, { size: 10 }, { delay: '1h' })
  const runs = await work.add(heeding, { size: 2_000 })
  await work.cancel(waits.id)
  await sleep(random.below(30))
  await work.cancel(runs.id)
  await ends.all([waits.id, runs.id])
}

export const byHand: Act = async ({ work, quick, hopeless, ends, wrong }) => {
  const held = await work.add(quick, { size: 1 }, { hold: true })
  await work.explain(held.id)
  await work.release(held.id)
  const later = await work.add(quick, { size: 2 }, { delay: '1h' })
  const { ran, task } = await work.runTask(later.id)
  if (!ran || task.state !== 'completed') wrong.push(`runTask left ${task.id} ${task.state}`)
  const failed = await work.add(hopeless, { size: 2 })
  await ends.all([held.id, later.id, failed.id])
  // A second life, and a second end.
  if (await work.retry(failed.id)) await ends.of(failed.id)
  const removed = await work.add(quick, { size: 3 }, { delay: '1h' })
  if (!(await work.remove(removed.id))) wrong.push(`remove left ${removed.id}`)
}

/** A claim of its own in the foreground, of whatever is due; the storage may fail it. */
export const next: Act = async ({ work, quick, ends }) => {
  const { id } = await work.add(quick, { size: 1 })
  await work.runNext().catch((error: unknown) => {
    if (!(error instanceof PieceworkError) && !String(error).includes('faulty')) throw error
  })
  await ends.of(id)
}

let listening = 0

/** Listeners that come and go; Node warns where an event has more than ten of them. */
export const listens: Act = async ({ work, quick, ends, wrong }) => {
  if (listening === 5) return
  listening++
  const id = `listened-${++lastKey}`
  let starts = 0
  const started = () => void starts++
  work.on('started', started)
  const first = new Promise((resolve) => work.once('completed', resolve))
  await work.add(quick, { size: 1 }, { id })
  await Promise.all([first, ends.of(id)])
  work.off('started', started)
  listening--
  if (starts === 0) wrong.push('a listener heard of no start')
}

export const threads: Act = async ({ work, threaded, ends }) => {
  const added = await work.add([1, 2, 3].map((size) => threaded.with({ size })))
  await ends.all(added.map(({ id }) => id))
}

/** The app's own rows, taken out of its table once they are done. */
export const rows: Act = async ({ own, ends }) => {
  const ids = Array.from({ length: 10 }, () => ++lastKey)
  own.push(...ids.map((id) => ({ id })))
  await ends.all(ids.map(String))
  for (const id of ids)
    own.splice(
      own.findIndex((row) => row.id === id),
      1,
    )
}
