/** A trigger that writes down every committed change of a row, in its own transaction: what no log of a process can miss. */
import { DatabaseSync } from 'node:sqlite'
import { sqlite } from '../../adapters/sqlite/index.ts'

/** One committed write of a task's row. `old` is absent for the insert. Times are the database's. */
export interface Write {
  readonly at: number
  readonly id: string
  readonly state: string
  readonly rev: number
  readonly tries: number
  readonly wakeAt: number | null
  readonly holder: string
  readonly key: string | null
  readonly old:
    | { readonly state: string; readonly rev: number; readonly tries: number; readonly wakeAt: number | null }
    | undefined
}

/** A row at the end. */
export interface Final {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly rev: number
  readonly tries: number
  readonly wakeAt: number | null
  readonly key: string | null
  readonly input: string
  readonly memo: string
}

const now = `cast(round((julianday('now') - 2440587.5) * 86400000) as integer)`
const values = (from: string): string => `${from}.state, ${from}.rev, ${from}.tries, ${from}.wake_at`

/** Makes the tables, and the triggers beside them. */
export function prepare(file: string): void {
  sqlite(file).close()
  const db = new DatabaseSync(file)
  db.exec(`
    create table soak_audit (at, id, name, state, rev, tries, wake_at, holder, key, o_state, o_rev, o_tries, o_wake_at);
    create trigger soak_insert after insert on piecework_row when new.parent is null begin
      insert into soak_audit values (${now}, new.id, new.name, ${values('new')}, new.holder, new.key, null, null, null, null);
    end;
    create trigger soak_update after update on piecework_row when new.parent is null begin
      insert into soak_audit values (${now}, new.id, new.name, ${values('new')}, new.holder, new.key, ${values('old')});
    end;
    create trigger soak_delete after delete on piecework_row begin
      insert into soak_audit (at, id, state) values (${now}, old.id, 'removed');
    end`)
  db.close()
}

/** Reads beside the processes, and never stands in their way. */
export class Reader {
  readonly #db: DatabaseSync

  constructor(file: string) {
    this.#db = new DatabaseSync(file, { readOnly: true })
    this.#db.exec('pragma busy_timeout = 5000')
  }

  /** Keys that two unfinished tasks hold, or one that is finished. Asked while the processes work. */
  wrongKeys(): string[] {
    const sql = `select key from piecework_row where key is not null group by key
      having count(*) > 1 or max(state in ('completed', 'failed', 'cancelled'))`
    return this.#db
      .prepare(sql)
      .all()
      .map(({ key }) => String(key))
  }

  /** How many tasks are due, run, or become due within a minute. */
  unfinished(): number {
    const sql = `select count(*) as n from piecework_row where wake_at < ${now} + 60000`
    return Number(this.#db.prepare(sql).get()?.n)
  }

  integrity(): string {
    return String(this.#db.prepare('pragma integrity_check').get()?.integrity_check)
  }

  rows(): Map<string, Final> {
    const sql = `select id, name, state, rev, tries, wake_at as wakeAt, key, input, memo from piecework_row where parent is null`
    const rows = this.#db.prepare(sql).all() as unknown as Final[]
    return new Map(rows.map((row) => [row.id, row]))
  }

  /** Every write, by task, in the order of the commits. */
  writes(): Map<string, Write[]> {
    const sql = `select at, id, state, rev, tries, wake_at as wakeAt, holder, key, o_state, o_rev, o_tries, o_wake_at
      from soak_audit order by rowid`
    const byId = new Map<string, Write[]>()
    for (const { o_state, o_rev, o_tries, o_wake_at, ...row } of this.#db.prepare(sql).all()) {
      const old = o_rev === null ? undefined : { state: o_state, rev: o_rev, tries: o_tries, wakeAt: o_wake_at }
      const write = { ...row, old } as unknown as Write
      const known = byId.get(write.id)
      if (known) known.push(write)
      else byId.set(write.id, [write])
    }
    return byId
  }

  close(): void {
    this.#db.close()
  }
}
