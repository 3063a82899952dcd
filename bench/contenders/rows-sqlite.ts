/** Rows of one's own table in SQLite: by a row dispatcher, and by hand with the same five columns. */
import type Database from 'better-sqlite3'
import { piecework, rowDispatcher } from 'piecework'
import { sqliteTable } from 'piecework/sqlite'
import { measured, type Sample } from '../scenario.ts'
import { openDatabase, type Synchronous, settleFile } from './database.ts'
import { columns, tableOf } from './pages.ts'

export function dispatch(synchronous: Synchronous, queueSize: number, concurrency: number) {
  return async (folder: string, count: number): Promise<Sample> => {
    const db = filled(folder, synchronous, count)
    const scrape = rowDispatcher('scrape', {
      source: sqliteTable(db, columns),
      queueSize,
      concurrency,
      run: async () => {},
    })
    const work = piecework({ definitions: [scrape] })
    const sample = await measured(count, async () => expectAll(await work.drain(), count))
    await work.close()
    db.close()
    return sample
  }
}

/** A reservation of `atOnce` rows in a transaction; then each row is started and ended by a statement of its own. */
export function byHand(synchronous: Synchronous, atOnce: number) {
  return async (folder: string, count: number): Promise<Sample> => {
    const db = filled(folder, synchronous, count)
    const sample = await measured(count, async () => expectAll(await loop(db, atOnce), count))
    db.close()
    return sample
  }
}

async function loop(db: Database.Database, atOnce: number): Promise<number> {
  const select = db.prepare<[number], { id: number; url: string }>(
    `select * from webpage where reservation_id is null and end_time is null and coalesce(reservation_times, 0) < 5
     order by coalesce(reservation_times, 0), id limit ?`,
  )
  const now = `strftime('%Y-%m-%d %H:%M:%f', 'now')`
  const take = db.prepare<[string, number]>(
    `update webpage set reservation_id = ?, reservation_time = ${now} where id = ? and reservation_id is null`,
  )
  const start = db.prepare<[number, string]>(
    `update webpage set start_time = ${now}, reservation_times = coalesce(reservation_times, 0) + 1
     where id = ? and reservation_id = ? and start_time is null`,
  )
  const end = db.prepare<[number, string]>(
    `update webpage set end_time = ${now} where id = ? and reservation_id = ? and end_time is null`,
  )
  const reserve = db.transaction((token: string) => {
    const rows = select.all(atOnce)
    for (const { id } of rows) take.run(token, id)
    return rows
  })
  const handler = async (_row: unknown) => {}
  for (let done = 0, turn = 0; ; turn++) {
    const token = `by hand#${turn}`
    const rows = reserve.immediate(token)
    if (rows.length === 0) return done
    for (const row of rows) {
      start.run(row.id, token)
      await handler(row)
      end.run(row.id, token)
    }
    done += rows.length
  }
}

function filled(folder: string, synchronous: Synchronous, count: number): Database.Database {
  const db = openDatabase(folder, synchronous)
  for (const statement of tableOf('integer', 'text')) db.exec(statement)
  db.prepare(
    `with recursive n(n) as (select 1 union all select n + 1 from n where n < ?)
     insert into webpage (id, url) select n, '/page/' || n from n`,
  ).run(count)
  settleFile(folder)
  return db
}

function expectAll(done: number, count: number): void {
  if (done !== count) throw new Error(`${done} of ${count} rows were worked on`)
}
