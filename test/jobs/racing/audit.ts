/** Triggers that write down every change of a job's or a part's state, in its own transaction: no log can miss one. */
import { DatabaseSync } from 'node:sqlite'
import { sqlite } from '../../../adapters/sqlite/index.ts'

/** A row came to be, or came into another state. `at` counts the commits' order. */
export interface Step {
  readonly at: number
  /** The database's time, in milliseconds. */
  readonly time: number
  readonly id: string
  readonly parent: string | null
  /** `null` when it was inserted. */
  readonly from: string | null
  readonly to: string
}

/** A row as it is at the end. */
export interface Last {
  readonly id: string
  readonly state: string
  readonly tries: number
  readonly wakeAt: number | null
  readonly input: string
  readonly memo: string
}

const now = `cast(round((julianday('now') - 2440587.5) * 86400000) as integer)`

/** Makes the tables, and the triggers beside them. */
export function prepare(file: string): void {
  sqlite(file).close()
  const db = new DatabaseSync(file)
  db.exec(`
    create table race_step (time, id, parent, o_state, state);
    create trigger race_insert after insert on piecework_row begin
      insert into race_step values (${now}, new.id, new.parent, null, new.state);
    end;
    create trigger race_update after update on piecework_row when new.state <> old.state begin
      insert into race_step values (${now}, new.id, new.parent, old.state, new.state);
    end`)
  db.close()
}

/** Reads beside the processes, and never stands in their way. */
export class Audit {
  readonly #db: DatabaseSync

  constructor(file: string) {
    this.#db = new DatabaseSync(file, { readOnly: true })
    this.#db.exec('pragma busy_timeout = 5000')
  }

  /** How many jobs are there, and how many of them are over. */
  jobs(): { readonly added: number; readonly over: number } {
    const sql = `select count(*) as added, count(*) filter (where state = 'completed') as done
      from piecework_row where parent is null and name like 'race-%'`
    const { added, done } = this.#db.prepare(sql).get() ?? {}
    return { added: Number(added), over: Number(done) }
  }

  /** How many parts of all jobs are in a state. */
  parts(state: string): number {
    const sql = 'select count(*) as n from piecework_row where parent is not null and state = ?'
    return Number(this.#db.prepare(sql).get(state)?.n)
  }

  /** How many rows are due, run, or become due within so many milliseconds. */
  dueWithin(ms: number): number {
    return Number(this.#db.prepare(`select count(*) as n from piecework_row where wake_at < ${now} + ${ms}`).get()?.n)
  }

  /** The rows of jobs and of parts at the end, by id. */
  rows(): Map<string, Last> {
    const sql = 'select id, state, tries, wake_at as wakeAt, input, memo from piecework_row'
    return new Map((this.#db.prepare(sql).all() as unknown as Last[]).map((row) => [row.id, row]))
  }

  /** Every step of a job and of its parts, in the order of the commits, by the job's id. */
  steps(): Map<string, Step[]> {
    const sql = 'select rowid as at, time, id, parent, o_state as "from", state as "to" from race_step order by rowid'
    const all = this.#db.prepare(sql).all() as unknown as Step[]
    return Map.groupBy(all, ({ id, parent }) => parent ?? id)
  }

  close(): void {
    this.#db.close()
  }
}
