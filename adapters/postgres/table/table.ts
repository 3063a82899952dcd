/** `postgresTable(pool, options)`: a table of the app's own as the queue of a row dispatcher. */
import { addUpRows, type RowSource, type SeenRow, type SourceTraits, StorageError } from '../../../src/storage/index.ts'
import { checkPool, type PgPool } from '../driver.ts'
import { NOW } from '../methods.ts'
import { poolOpener } from '../pool.ts'
import type { Columns } from '../row.ts'
import { again, answerOn, connectionsOf, ownSession, type Run, type Statement } from '../session.ts'
import { plainText } from './key.ts'
import { type Opened, openTable } from './open.ts'
import { type CheckedTableOptions, checkTableOptions, type PostgresTableOptions } from './options.ts'
import { groupsFrom, reservedFrom, seenFrom } from './rows.ts'
import { setupStatements, tableName } from './setup.ts'

/** A pool that can be asked directly, as the app's own functions do. */
export interface PgQueryPool extends PgPool {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: Record<string, unknown>[] }>
}

/**
 * The rows of a table in Postgres 13 or later, as they are for any number of processes. Of a row only the named columns
 * are ever written, and none is inserted; `statements()` says what has to be run once, so that they are there. Rows come
 * to the app as its pool would give them, by the parsers that it has set.
 *
 * Given a URL, it makes a pool of `pg` and ends it on `close()`; the app's own pool stays open. As for the storage, set
 * a `statement_timeout`: a call that was given up for its time goes on in the server.
 *
 * @throws TypeError when an argument is not as described. The methods throw a StorageError as those of `postgres()` do;
 * `open` with `not_usable` and all that was found, when the table does not fit.
 * @example
 * ```ts
 * const source = postgresTable(pool, {
 *   table: 'webpage',
 *   id: 'id',
 *   reservationId: 'scrape_reservation_id',
 *   reservationTime: 'scrape_reservation_time',
 *   reservationTimes: 'scrape_reservation_times',
 *   startTime: 'scrape_start_time',
 *   endTime: 'scrape_end_time',
 *   where: { sql: 'country = $1', values: ['GR'] },
 * })
 * ```
 */
export function postgresTable<Row = Record<string, unknown>>(
  url: string,
  options: PostgresTableOptions,
): RowSource<Row, PgQueryPool>
export function postgresTable<Row = Record<string, unknown>, Pool extends PgPool = PgQueryPool>(
  pool: Pool | string,
  options: PostgresTableOptions,
): RowSource<Row, Pool>
export function postgresTable(pool: PgPool | string, options: PostgresTableOptions): RowSource<unknown, PgPool> {
  checkPool(pool)
  return new PostgresTable(pool, checkTableOptions(options))
}

class PostgresTable<Row, Pool extends PgPool> implements RowSource<Row, Pool> {
  readonly title: string
  readonly #pool: Pool | string
  readonly #options: CheckedTableOptions
  readonly #opener: ReturnType<typeof poolOpener>
  readonly #connections: ReturnType<typeof connectionsOf>
  readonly #run: Run
  #opening: Promise<Opened> | undefined
  #opened: Opened | undefined
  #made: Pool | undefined
  #isEnded = false

  constructor(pool: Pool | string, options: CheckedTableOptions) {
    const limitMs = options.callTimeoutMs
    this.title = `the table ${tableName(options)}`
    this.#pool = pool
    this.#options = options
    this.#opener = poolOpener(pool, limitMs)
    this.#connections = connectionsOf(() => this.#poolNow(), limitMs)
    this.#run = ownSession(this.#connections, async () => {}, limitMs)
  }

  async open(): Promise<SourceTraits> {
    return (await this.#ready()).traits
  }

  client(): Pool {
    if (typeof this.#pool !== 'string') return this.#pool
    if (this.#made) return this.#made
    throw new StorageError('not_usable', `The pool of ${this.title} is made by open()`)
  }

  idOf(key: unknown): string {
    const isOne = typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint'
    // Before the table was looked at, nothing is known of the type.
    const text = isOne ? (this.#opened?.form.key.textOf ?? plainText)(String(key)) : undefined
    if (text !== undefined) return text
    const type = this.#opened ? `a key of type ${this.#opened.form.key.cast}` : 'a text or a number'
    throw new TypeError(`Expected a key of ${this.title} to be ${type}, got \`${String(key)}\` (${typeof key})`)
  }

  async reserve(request: Parameters<RowSource['reserve']>[0]) {
    const { reserve } = await this.#ready()
    if (request.tokens.length === 0 || request.ids?.length === 0) return []
    const { rows, place } = await this.#rows(reserve(request), 1)
    // `returning` promises no order.
    return rows
      .map((row, nth) => ({ row, at: place(nth) }))
      .sort((a, b) => a.at - b.at)
      .map(({ row }) => row)
  }

  async write(changes: Parameters<RowSource['write']>[0]): Promise<boolean[]> {
    const { write } = await this.#ready()
    if (changes.length === 0) return []
    const made = new Set((await this.#run(write(changes))).map(([place]) => Number(place)))
    return changes.map((_, place) => made.has(place))
  }

  async lapsed(request: Parameters<RowSource['lapsed']>[0]): Promise<SeenRow[]> {
    const { read } = await this.#ready()
    return (await this.#run(read.lapsed(request))).map((columns) => seenFrom(columns))
  }

  async held(request: Parameters<RowSource['held']>[0]) {
    const { read } = await this.#ready()
    return (await this.#rows(read.held(request), 0)).rows
  }

  async look(ids: readonly string[]): Promise<(SeenRow | undefined)[]> {
    const { read } = await this.#ready()
    const seen: (SeenRow | undefined)[] = ids.map(() => undefined)
    if (ids.length === 0) return seen
    for (const columns of await this.#run(read.look(ids))) seen[Number(columns[0]) - 1] = seenFrom(columns, 1)
    return seen
  }

  async count(maxTries: number) {
    const { read } = await this.#ready()
    return addUpRows(groupsFrom(await this.#run(read.count(maxTries))))
  }

  async now(): Promise<number> {
    const [answer] = await this.#run({ text: NOW, values: [] })
    return Number(answer?.[0])
  }

  statements(): readonly string[] {
    return setupStatements(this.#options)
  }

  /** A source over the app's pool goes on when it is asked again: nothing of it was ended. */
  async close(): Promise<void> {
    this.#isEnded = typeof this.#pool === 'string'
    await this.#opener.end()
  }

  async #poolNow(): Promise<PgPool> {
    if (this.#isEnded) throw new StorageError('closed', `The source of ${this.title} was closed before this call`)
    const pool = await this.#opener.opened()
    this.#made = pool as Pool
    return pool
  }

  /** Checks the table once; what failed is tried again by the next call. */
  #ready(): Opened | Promise<Opened> {
    if (this.#opened) return this.#opened
    this.#opening ??= this.#check().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #check(): Promise<Opened> {
    this.#opened = await openTable(this.#run, this.#options)
    return this.#opened
  }

  /** Rows with all of the user's columns, read on the connection whose parsers they are to have. */
  async #rows(statement: Statement, from: number) {
    return again(this.#connections, async (client) => {
      const answer = await answerOn(client, statement, this.#options.callTimeoutMs)
      const place = (nth: number) => Number((answer.rows as Columns[])[nth]?.[0])
      return { rows: await reservedFrom<Row>(answer, client, from), place }
    })
  }
}
