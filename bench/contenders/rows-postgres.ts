/** Rows of one's own table in Postgres: by a row dispatcher, and by hand with the same five columns. */
import type pg from 'pg'
import { piecework, rowDispatcher } from 'piecework'
import { postgresTable } from 'piecework/postgres'
import { measured, type Sample } from '../scenario.ts'
import { columns, tableOf } from './pages.ts'
import { openPool, serverCpuOf, settleDatabase } from './postgres.ts'

export function dispatch(queueSize: number, concurrency: number) {
  return async (url: string, count: number): Promise<Sample> => {
    const pool = await filled(url, count)
    const scrape = rowDispatcher('scrape', {
      source: postgresTable(pool, columns),
      queueSize,
      concurrency,
      run: async () => {},
    })
    const work = piecework({ definitions: [scrape] })
    const sample = await measured(count, async () => expectAll(await work.drain(), count), await serverCpuOf(pool))
    await work.close()
    await pool.end()
    return sample
  }
}

/** A reservation of `atOnce` rows with SKIP LOCKED; then each row is started and ended by a statement of its own. */
export function byHand(atOnce: number) {
  return async (url: string, count: number): Promise<Sample> => {
    const pool = await filled(url, count)
    const sample = await measured(
      count,
      async () => expectAll(await loop(pool, atOnce), count),
      await serverCpuOf(pool),
    )
    await pool.end()
    return sample
  }
}

async function loop(pool: pg.Pool, atOnce: number): Promise<number> {
  const reserve = `
    with due as (
      select id from webpage where reservation_id is null and end_time is null and coalesce(reservation_times, 0) < 5
      order by coalesce(reservation_times, 0), id limit $1 for update skip locked
    )
    update webpage set reservation_id = $2, reservation_time = clock_timestamp() from due where webpage.id = due.id
    returning webpage.*`
  const start = `update webpage set start_time = clock_timestamp(), reservation_times = coalesce(reservation_times, 0) + 1
    where id = $1 and reservation_id = $2 and start_time is null`
  const end = `update webpage set end_time = clock_timestamp() where id = $1 and reservation_id = $2 and end_time is null`
  for (let done = 0, turn = 0; ; turn++) {
    const token = `by hand#${turn}`
    const { rows } = await pool.query<{ id: string }>({ name: 'reserve', text: reserve, values: [atOnce, token] })
    if (rows.length === 0) return done
    await Promise.all(
      rows.map(async ({ id }) => {
        await pool.query({ name: 'start', text: start, values: [id, token] })
        await pool.query({ name: 'end', text: end, values: [id, token] })
      }),
    )
    done += rows.length
  }
}

async function filled(url: string, count: number): Promise<pg.Pool> {
  const pool = openPool(url)
  for (const statement of tableOf('bigint', 'timestamptz')) await pool.query(statement)
  await pool.query(`insert into webpage (id, url) select n, '/page/' || n from generate_series(1, $1::int) n`, [count])
  await settleDatabase(pool)
  return pool
}

function expectAll(done: number, count: number): void {
  if (done !== count) throw new Error(`${done} of ${count} rows were worked on`)
}
