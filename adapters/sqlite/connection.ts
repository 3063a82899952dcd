/** The one shape that both SQLite drivers are brought to, and what each driver's objects must have. */

/** What the columns of Piecework's own hold. */
export type Value = string | number | null

/** What is bound to a statement. */
export type Bound = Value | bigint | Uint8Array

/** A row as the drivers give it when asked for arrays: values in the order of the columns. */
export type Columns = readonly Value[]

/** A row of the user's own, by the names of its columns: every integer a bigint, so that none loses a digit. */
export type WideRow = Readonly<Record<string, Bound>>

/** A connection, whichever driver it is of. Statements are made once for each text and kept. */
export interface Connection {
  /** The file of the main database, or `null` where there is none. */
  readonly file: string | null
  isInTransaction(): boolean
  exec(sql: string): void
  /** All rows at once: a statement that is left half read would hold its read lock. */
  all(sql: string, ...values: Bound[]): Columns[]
  /** All rows at once, whatever columns and values they have. */
  wide(sql: string, ...values: Bound[]): WideRow[]
  /** Runs a statement that gives no rows; answers how many rows it changed. */
  run(sql: string, values: readonly Bound[]): number
  close(): void
}

/** What a driver must offer to be made a {@link Connection}. */
export interface Driver {
  isInTransaction(): boolean
  exec(sql: string): void
  reader(sql: string): (values: readonly Bound[]) => Columns[]
  wideReader(sql: string): (values: readonly Bound[]) => WideRow[]
  writer(sql: string): (values: readonly Bound[]) => number
  close(): void
}

export function connect(driver: Driver): Connection {
  const reader = once(driver.reader)
  const wideReader = once(driver.wideReader)
  const writer = once(driver.writer)
  const main = reader('pragma database_list')([]).find((columns) => columns[1] === 'main')
  return {
    file: typeof main?.[2] === 'string' && main[2] !== '' ? main[2] : null,
    isInTransaction: driver.isInTransaction,
    exec: driver.exec,
    all: (sql, ...values) => reader(sql)(values),
    wide: (sql, ...values) => wideReader(sql)(values),
    run: (sql, values) => writer(sql)(values),
    close: driver.close,
  }
}

/** Preparing costs more than running, so each text is prepared once. */
function once<T>(make: (sql: string) => T): (sql: string) => T {
  const made = new Map<string, T>()
  return (sql) => {
    let statement = made.get(sql)
    if (statement === undefined) {
      statement = make(sql)
      made.set(sql, statement)
    }
    return statement
  }
}
