/** The app's own table: pages whose prices are wanted, and the columns by which their rows are handed out. */
import { DatabaseSync } from 'node:sqlite'
import { sqliteTable } from 'piecework/sqlite'
import { pageCount } from './shop.ts'

/** The app's own part of a row. */
export interface Page {
  readonly id: number
  readonly url: string
  readonly price: number | null
}

/** The five columns, and the two that need not be. All of these names are the app's to choose. */
export function pagesOf(db: DatabaseSync) {
  return sqliteTable<Page>(db, {
    table: 'webpage',
    id: 'id',
    reservationId: 'scrape_reservation_id',
    reservationTime: 'scrape_reservation_time',
    reservationTimes: 'scrape_reservation_times',
    startTime: 'scrape_start_time',
    endTime: 'scrape_end_time',
    success: 'scrape_success',
    error: 'scrape_error',
  })
}

/** Opens the database. A fresh one gets its table, and the columns in the same transaction. */
export function openDatabase(path: string): DatabaseSync {
  const db = new DatabaseSync(path)
  db.exec('pragma journal_mode = wal')
  if (db.prepare("select 1 from sqlite_master where name = 'webpage'").get()) return db
  db.exec('begin')
  db.exec('create table webpage (id integer primary key not null, url text not null, price real)')
  const insert = db.prepare('insert into webpage (id, url) values (?, ?)')
  for (let page = 1; page <= pageCount; page++) insert.run(page, `https://shop.example/laptops/${page}`)
  // What an app with migrations puts into one: here it is run as it is.
  for (const statement of pagesOf(db).statements()) db.exec(statement)
  db.exec('commit')
  return db
}
