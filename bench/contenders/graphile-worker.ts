/**
 * graphile-worker 0.18 with the settings that its page about performance gives for most jobs a second: 24 jobs at once,
 * 25 connections, a local queue of 500, completions stored in batches. It deletes a job that is done. A silent logger, as
 * the default one writes a line for each job.
 */
import { Logger, makeWorkerUtils, runOnce, type WorkerUtils } from 'graphile-worker'
import type pg from 'pg'
import { measured, type Sample } from '../scenario.ts'
import { inLanes, warmUp } from './lanes.ts'
import { openPool, serverCpuOf, settleDatabase } from './postgres.ts'

const logger = new Logger(() => () => {})
const connectionsMax = 25
const worker = { concurrentJobs: 24, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0, logger }

/** Jobs in one call of `addJobs` while a database is prepared. */
const addedAtOnce = 10_000

/** Jobs besides, due in an hour and later. */
interface Crowd {
  readonly future: number
  /** 0 is the default; less is more urgent. */
  readonly priority: number
}

export function drain({ future, priority }: Crowd = { future: 0, priority: 0 }) {
  return async (url: string, count: number): Promise<Sample> => {
    const { pool, utils } = await open(url)
    for (let added = 0; added < count; added += addedAtOnce) {
      const numbers = Array.from({ length: Math.min(addedAtOnce, count - added) }, (_, number) => number)
      await utils.addJobs(numbers.map((number) => ({ identifier: 'noop', payload: { number } })))
    }
    for (let added = 0; added < future; added += addedAtOnce)
      await pool.query(addFuture, [added, addedAtOnce, priority])
    await settleDatabase(pool)
    const work = () => runOnce({ preset: { worker }, pgPool: pool, taskList: { noop: async () => {} } })
    const sample = await measured(count, work, await serverCpuOf(pool))
    const { rows } = await pool.query('select count(*)::int as open from graphile_worker.jobs')
    if (rows[0].open !== future) throw new Error(`${rows[0].open - future} jobs are still open`)
    await close(pool, utils)
    return sample
  }
}

const addFuture = `
  select from graphile_worker.add_jobs(array(
    select ('noop', json_build_object('number', number), null, now() + '1 hour' + number * '1 ms'::interval, null, null,
      $3::int, null)::graphile_worker.job_spec
    from generate_series($1::int + 1, $1 + $2) number))`

export function addSingly(inFlight: number) {
  return async (url: string, count: number): Promise<Sample> => {
    const { pool, utils } = await open(url)
    const add = (number: number) => utils.addJob('noop', { number })
    await inLanes(warmUp, inFlight, add)
    const sample = await measured(count, () => inLanes(count, inFlight, add), await serverCpuOf(pool))
    await close(pool, utils)
    return sample
  }
}

async function open(url: string): Promise<{ pool: pg.Pool; utils: WorkerUtils }> {
  const pool = openPool(url, connectionsMax)
  const utils = await makeWorkerUtils({ pgPool: pool, logger })
  await utils.migrate()
  return { pool, utils }
}

async function close(pool: pg.Pool, utils: WorkerUtils): Promise<void> {
  await utils.release()
  await pool.end()
}
