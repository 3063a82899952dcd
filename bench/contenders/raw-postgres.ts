/**
 * What somebody writes by hand on Postgres when this is all they need: an integer id, one index, two connections that
 * each claim 500 with SKIP LOCKED and end them in one update. No revisions, no retries: a floor, not a peer.
 */
import type pg from 'pg'
import { measured, type Sample } from '../scenario.ts'
import { coalescer } from './coalescer.ts'
import { inLanes, warmUp } from './lanes.ts'
import { openPool, serverCpuOf, settleDatabase } from './postgres.ts'

const connections = 2
const claimedAtOnce = 500
const leaseMs = 30_000

const schema = `
  create table job (id bigint generated always as identity primary key, name text not null, state text not null,
    wake_at bigint, done_at bigint, input jsonb not null);
  create index job_due on job (name, wake_at) where wake_at is not null`

const claimText = `
  with due as (
    select id from job where name = $1 and wake_at <= $2 order by wake_at limit $3 for update skip locked
  )
  update job set state = 'running', wake_at = $4 from due where job.id = due.id returning job.id, job.input`

export async function drain(url: string, count: number): Promise<Sample> {
  const pool = await open(url)
  await pool.query(
    `insert into job (name, state, wake_at, input)
     select 'noop', 'waiting', $1, json_build_object('number', number) from generate_series(1, $2::int) number`,
    [Date.now(), count],
  )
  await settleDatabase(pool)
  const serverCpuMs = await serverCpuOf(pool)
  const clients = await Promise.all(Array.from({ length: connections }, () => pool.connect()))
  const work = async () => {
    const done = await Promise.all(clients.map(drainLoop))
    const sum = done.reduce((a, b) => a + b, 0)
    if (sum !== count) throw new Error(`Drained ${sum} of ${count} jobs`)
  }
  const sample = await measured(count, work, serverCpuMs)
  for (const client of clients) client.release()
  await pool.end()
  return sample
}

async function drainLoop(client: pg.PoolClient): Promise<number> {
  const handler = async (_input: unknown) => {}
  const settle = `update job set state = 'done', wake_at = null, done_at = $1 where id = any($2::bigint[])`
  for (let done = 0; ; ) {
    const now = Date.now()
    const values = ['noop', now, claimedAtOnce, now + leaseMs]
    const { rows } = await client.query<{ id: string; input: unknown }>({ name: 'claim', text: claimText, values })
    if (rows.length === 0) return done
    for (const { input } of rows) await handler(input)
    await client.query({ name: 'settle', text: settle, values: [Date.now(), rows.map(({ id }) => id)] })
    done += rows.length
  }
}

/** `inFlight` adds, of which those that wait go into one insert. */
export function addCoalesced(inFlight: number) {
  return async (url: string, count: number): Promise<Sample> => {
    const pool = await open(url)
    const text = `insert into job (name, state, wake_at, input) select 'noop', 'waiting', $1, unnest($2::jsonb[])`
    const add = coalescer((numbers: readonly number[]) => {
      const inputs = numbers.map((number) => JSON.stringify({ number }))
      return pool.query({ name: 'add', text, values: [Date.now(), inputs] })
    })
    await inLanes(warmUp, inFlight, add)
    const sample = await measured(count, () => inLanes(count, inFlight, add), await serverCpuOf(pool))
    await pool.end()
    return sample
  }
}

async function open(url: string): Promise<pg.Pool> {
  const pool = openPool(url, connections)
  await pool.query(schema)
  return pool
}
