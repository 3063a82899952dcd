/**
 * pg-boss 12 by its own `fetch` and `complete` in batches of 500, two at a time: faster than its workers, which wait
 * between polls. Without its schedules and its upkeep, which would only take from it. It keeps jobs that are done.
 */
import { PgBoss } from 'pg-boss'
import { measured, type Sample } from '../scenario.ts'
import { inLanes, warmUp } from './lanes.ts'
import { openPool, serverCpuOf, settleDatabase } from './postgres.ts'

const lanes = 2
const batchSize = 500

/** Jobs in one call of `insert` while a database is prepared. */
const addedAtOnce = 10_000

export async function drain(url: string, count: number): Promise<Sample> {
  const boss = await open(url)
  for (let added = 0; added < count; added += addedAtOnce) {
    const numbers = Array.from({ length: Math.min(addedAtOnce, count - added) }, (_, number) => number)
    await boss.insert(
      'noop',
      numbers.map((number) => ({ data: { number } })),
    )
  }
  const pool = openPool(url, 1)
  await settleDatabase(pool)
  const work = async () => {
    const done = await Promise.all(Array.from({ length: lanes }, () => drainLoop(boss)))
    const sum = done.reduce((a, b) => a + b, 0)
    if (sum !== count) throw new Error(`Drained ${sum} of ${count} jobs`)
  }
  const sample = await measured(count, work, await serverCpuOf(pool))
  await pool.end()
  await boss.stop({ graceful: false })
  return sample
}

async function drainLoop(boss: PgBoss): Promise<number> {
  const handler = async (_data: unknown) => {}
  for (let done = 0; ; ) {
    const jobs = await boss.fetch('noop', { batchSize })
    if (jobs.length === 0) return done
    for (const { data } of jobs) await handler(data)
    await boss.complete(
      'noop',
      jobs.map(({ id }) => id),
    )
    done += jobs.length
  }
}

export function addSingly(inFlight: number) {
  return async (url: string, count: number): Promise<Sample> => {
    const boss = await open(url)
    const add = (number: number) => boss.send('noop', { number })
    await inLanes(warmUp, inFlight, add)
    const pool = openPool(url, 1)
    const sample = await measured(count, () => inLanes(count, inFlight, add), await serverCpuOf(pool))
    await pool.end()
    await boss.stop({ graceful: false })
    return sample
  }
}

async function open(url: string): Promise<PgBoss> {
  const boss = new PgBoss({ connectionString: url, supervise: false, schedule: false })
  boss.on('error', (error) => {
    throw error
  })
  await boss.start()
  await boss.createQueue('noop')
  return boss
}
