/** The race's table in SQLite: triggers log each change of the five columns, and a user writes to the others meanwhile. */
import { DatabaseSync } from 'node:sqlite'
import { sqliteTable } from '../../../adapters/sqlite/index.ts'
import type { Random } from '../../../src/conformance/random.ts'
import { columns } from '../pages.ts'
import type { Marks, Step } from './check.ts'

const five = ['reservationId', 'reservationTime', 'reservationTimes', 'startTime', 'endTime'] as const
const names = five.map((each) => columns[each])

/** What is the user's own: a text, a real, an integer that no number holds, and bytes. */
const own = ['url', 'price', 'views', 'body'] as const

export class SqlitePages {
  /** As the user wrote it last, each value as SQLite quotes it: byte by byte. */
  readonly written = new Map<string, string>()
  /** What the user removed. */
  readonly removed = new Set<string>()
  readonly #db: DatabaseSync

  constructor(file: string, rows: number) {
    const db = new DatabaseSync(file)
    this.#db = db
    db.exec('pragma journal_mode = wal')
    // Whoever holds the write lock may stand still, and only this process makes it go on.
    db.exec('pragma busy_timeout = 50')
    db.exec('create table webpage (id integer primary key, url text not null, price real, views integer, body blob)')
    for (const statement of sqliteTable(db, { table: 'webpage', ...columns }).statements()) db.exec(statement)
    db.exec(`insert into webpage (id, url, price, views, body)
      with recursive each (n) as (select 1 union all select n + 1 from each where n < ${rows})
      select n, '/page/' || n, n / 3.0, 9007199254740993 + n, randomblob(40) from each`)
    for (const [id, value] of this.#own()) this.written.set(id, value)
    const differ = names.map((name) => `old.${name} is not new.${name}`).join(' or ')
    const values = ['old', 'new'].flatMap((side) => names.map((name) => `${side}.${name}`)).join(', ')
    db.exec(`
      create table race_step (id text, ${names.map((_, at) => `o${at}`)}, ${names.map((_, at) => `n${at}`)});
      create trigger race_update after update on webpage when ${differ} begin
        insert into race_step values (old.id, ${values});
      end;
      create table race_insert (id);
      create trigger race_insert after insert on webpage begin insert into race_insert values (new.id); end`)
  }

  /** How many rows have ended or are gone. */
  ended(rows: number): number {
    return rows - Number(this.#value('select count(*) from webpage where scrape_end_time is null'))
  }

  /** One write of the user's to a few rows; now and then a row is removed while somebody works on it. */
  meanwhile(random: Random, rows: number): void {
    const ids = Array.from({ length: 5 }, () => 1 + random.below(rows))
    const sql = `update webpage set url = url || ?, price = price * 1.1, views = views + 1, body = randomblob(50) where id = ?`
    const update = this.#db.prepare(sql)
    try {
      for (const id of ids) update.run('é', id)
      if (random.chance(10) && this.removed.size < 20) this.#remove()
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('locked'))) throw error
    }
    for (const [id, value] of this.#own(ids)) this.written.set(id, value)
  }

  /** What the user's own columns hold, by id. */
  own(): Map<string, string> {
    return new Map(this.#own())
  }

  /** The tries of each row that is there. */
  tries(): Map<string, number> {
    const rows = this.#db.prepare('select id, scrape_reservation_times as tries from webpage').all()
    return new Map(rows.map(({ id, tries }) => [String(id), Number(tries)]))
  }

  /** Rows that are there, and have not ended. */
  open(): number {
    return Number(this.#value('select count(*) from webpage where scrape_end_time is null'))
  }

  /** Rows that somebody made. */
  inserted(): number {
    return Number(this.#value('select count(*) from race_insert'))
  }

  steps(): Step[] {
    const marks = (row: Readonly<Record<string, unknown>>, side: string) =>
      Object.fromEntries(five.map((name, at) => [name, row[`${side}${at}`]])) as unknown as Marks
    const rows = this.#db.prepare('select * from race_step order by rowid').all()
    return rows.map((row) => ({ id: String(row.id), from: marks(row, 'o'), to: marks(row, 'n') }))
  }

  close(): void {
    this.#db.close()
  }

  #remove(): void {
    const sql = `delete from webpage where id = (select id from webpage where scrape_start_time is not null
      and scrape_reservation_id is not null and scrape_end_time is null limit 1) returning id`
    for (const { id } of this.#db.prepare(sql).all()) {
      this.removed.add(String(id))
      this.written.delete(String(id))
    }
  }

  #own(ids?: readonly number[]): [string, string][] {
    const quotes = own.map((name) => `quote(${name})`).join(` || ' ' || `)
    const which = ids ? `where id in (${ids.join(', ')})` : ''
    const rows = this.#db.prepare(`select id, ${quotes} as value from webpage ${which}`).all()
    return rows.map(({ id, value }) => [String(id), String(value)])
  }

  #value(sql: string): unknown {
    return Object.values(this.#db.prepare(sql).get() ?? {})[0]
  }
}
