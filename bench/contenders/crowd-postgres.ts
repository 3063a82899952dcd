/** Rows of ours that are not due, to drain others beside them: one that ours wrote itself, and copies of it. */
import { piecework, task } from 'piecework'
import { onPostgres, schema } from './piecework-postgres.ts'
import { openPool } from './postgres.ts'

export type Crowd = 'finished' | 'future' | 'future and more urgent' | 'waiting for a retry'

/** Puts `count` rows into the database. They have the name of the tasks that are drained later, as in a grown queue. */
export function crowdOf(crowd: Crowd, count: number) {
  return async (url: string): Promise<void> => {
    await addModel(url, crowd)
    await copyModel(url, count)
  }
}

async function addModel(url: string, crowd: Crowd): Promise<void> {
  const home = await onPostgres(url)
  const fail = async () => {
    throw new Error('Not today')
  }
  const noop = task('noop', { run: crowd === 'finished' ? async () => {} : fail, retry: () => '1h' })
  const work = piecework({ storage: home.storage, definitions: [noop] })
  await work.add(noop, { number: 0 }, { id: 'model', ...optionsOf(crowd) })
  await work.drain()
  await work.close()
  await home.close()
}

function optionsOf(crowd: Crowd) {
  if (crowd === 'future') return { delay: '1h' } as const
  if (crowd === 'future and more urgent') return { delay: '1h', priority: 0 } as const
  return {}
}

/** Due one after another, as far as they are due at all. */
async function copyModel(url: string, count: number): Promise<void> {
  const pool = openPool(url, 1)
  const { rows } = await pool.query<{ name: string }>(
    `select column_name as name from information_schema.columns
     where table_schema = $1 and table_name = 'row' and column_name not in ('id', 'wake_at')`,
    [schema],
  )
  const others = rows.map(({ name }) => name).join(', ')
  await pool.query(
    `insert into ${schema}.row (id, wake_at, ${others}) select 'crowd-' || number, wake_at + number, ${others}
     from ${schema}.row, generate_series(2, $1::int) number where id = 'model'`,
    [count],
  )
  await pool.end()
}
