/** The user of a race on Postgres: a table that logs each change of the five columns, and what the user wrote in it last. */
import { Pool } from 'pg'
import type { Random } from '../../../src/conformance/random.ts'
import type { Step } from './check.ts'
import type { RacePlace } from './order.ts'

const marks = ['id', 'time', 'times']
  .map((name) => `scrape_reservation_${name}`)
  .concat('scrape_start_time', 'scrape_end_time')
/** The user's own columns but for the key, as the database writes them down. */
const own = ['url', 'note', 'visits', 'data', 'raw']

const setUp = `
  create table webpage (
    id bigint primary key, url text not null, note text, visits integer not null default 0, data jsonb, raw bytea,
    price numeric, scrape_reservation_id text, scrape_reservation_time timestamptz, scrape_reservation_times integer,
    scrape_start_time timestamptz, scrape_end_time timestamptz, scrape_success boolean, scrape_error text
  );
  create table step (
    nth bigserial primary key, id bigint, touched_own boolean, old json, new json
  );
  create function log_step() returns trigger language plpgsql as $$ begin
    if TG_OP = 'INSERT' then
      insert into step (id, old, new) values (new.id, null, to_json(array[${marks.map((name) => `new.${name}::text`)}]));
    elsif TG_OP = 'DELETE' then
      insert into step (id, old, new) values (old.id, to_json(array[${marks.map((name) => `old.${name}::text`)}]), null);
    else
      insert into step (id, touched_own, old, new) values (
        new.id, (${['id', ...own].map((name) => `old.${name}`)}) is distinct from (${['id', ...own].map((name) => `new.${name}`)}),
        to_json(array[${marks.map((name) => `old.${name}::text`)}]), to_json(array[${marks.map((name) => `new.${name}::text`)}]));
    end if;
    return null;
  end $$;
  insert into webpage (id, url) select value, '/page/' || value from generate_series(1, $ROWS) value;
  create trigger changed after update on webpage for each row
    when ((${marks.map((name) => `old.${name}`)}) is distinct from (${marks.map((name) => `new.${name}`)})) execute function log_step();
  create trigger added after insert on webpage for each row execute function log_step();
  create trigger removed after delete on webpage for each row execute function log_step();`

export interface Evidence {
  /** In the order of their commits for each row. */
  readonly steps: readonly Step[]
  /** Changes of the five columns in which another one changed as well, and rows that came into being: to be none. */
  readonly touched: number
  readonly added: number
  /** The rows that the user removed, each with what its columns said then. */
  readonly removed: ReadonlyMap<string, Step['from']>
  readonly rows: readonly {
    readonly id: string
    readonly tries: number
    readonly hasEnded: boolean
    readonly own: string
  }[]
}

export class PostgresPages {
  readonly place: RacePlace
  /** What the user wrote last, by id: the columns of its own as text. */
  readonly written = new Map<string, string>()
  readonly #pool: Pool
  readonly #rows: number
  #removed = 0

  constructor(url: string, rows: number) {
    this.place = { kind: 'postgres', at: url, table: 'webpage' }
    this.#pool = new Pool({ connectionString: url, max: 4 })
    this.#pool.on('error', () => {})
    this.#rows = rows
  }

  async prepare(statements: readonly string[]): Promise<void> {
    await this.#pool.query(setUp.replace('$ROWS', String(this.#rows)))
    // The columns are there already: what is left are the indexes.
    for (const text of statements.filter((each) => each.startsWith('create index'))) await this.#pool.query(text)
    await this.#pool.query('analyze webpage')
    for (const { id, own } of (await this.evidence()).rows) this.written.set(id, own)
  }

  /** Rows that ended or that the user removed. */
  async ended(): Promise<number> {
    const { rows } = await this.#pool.query(
      'select count(*)::integer as count from webpage where scrape_end_time is not null',
    )
    return this.#removed + Number(rows[0]?.count)
  }

  /** A few writes to other columns of rows that may be anywhere in their course; now and then one that runs is removed. */
  async write(random: Random): Promise<void> {
    const text = `update webpage set note = $2, visits = visits + 1, data = $3, raw = $4 where id = $1
      returning id::text, concat_ws(' | ', ${own}) as own`
    const ids = Array.from({ length: 8 }, () => 1 + random.below(this.#rows))
    const answers = await Promise.all(
      [...new Set(ids)].map((id) => {
        const note = `it's "${random.below(1_000_000)}" \\ 💥`
        return this.#pool.query(text, [
          id,
          note,
          { at: [random.below(100), null] },
          Buffer.from([0, 255, random.below(256)]),
        ])
      }),
    )
    for (const { rows } of answers) for (const row of rows) this.written.set(row.id, row.own)
    if (random.chance(10)) await this.#remove(random.chance(80))
  }

  async #remove(thatRuns: boolean): Promise<void> {
    const condition = thatRuns ? 'scrape_start_time is not null and scrape_end_time is null' : 'scrape_end_time is null'
    const { rows } = await this.#pool.query(`delete from webpage where id = (
      select id from webpage where ${condition} limit 1 for update skip locked) returning id::text`)
    this.#removed += rows.length
    for (const { id } of rows) this.written.delete(id)
  }

  async evidence(): Promise<Evidence> {
    const { rows: steps } = await this.#pool.query<{ id: string; touched_own: boolean; old: Texts; new: Texts }>(
      'select id::text, touched_own, old, new from step order by nth',
    )
    const { rows } = await this.#pool.query(
      `select id::text, coalesce(scrape_reservation_times, 0) as tries, scrape_end_time is not null as "hasEnded",
        concat_ws(' | ', ${own}) as own from webpage order by webpage.id`,
    )
    return {
      steps: steps.flatMap(({ id, old, new: now }) =>
        old && now ? [{ id, from: marksOf(old), to: marksOf(now) }] : [],
      ),
      touched: steps.filter((step) => step.touched_own).length,
      added: steps.filter(({ old }) => !old).length,
      removed: new Map(steps.flatMap(({ id, old, new: now }) => (now || !old ? [] : [[id, marksOf(old)] as const]))),
      rows,
    }
  }

  async end(): Promise<void> {
    await this.#pool.end()
  }
}

type Texts = readonly (string | null)[] | null

function marksOf(texts: NonNullable<Texts>): Step['from'] {
  const [reservationId = null, reservationTime, times, startTime, endTime] = texts
  const reservationTimes = times == null ? null : Number(times)
  return { reservationId, reservationTime, reservationTimes, startTime, endTime }
}
