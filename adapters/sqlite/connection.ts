/** The one shape that both SQLite drivers are brought to, and what each driver's objects must have. */

/** What is bound to a statement. */
export type Value = string | number | null

/** A row as the drivers give it when asked for arrays: values in the order of the columns. */
export type Columns = readonly Value[]

/** A connection, whichever driver it is of. Statements are made once for each text and kept. */
export interface Connection {
  /** The file of the main database, or `null` where there is none. */
  readonly file: string | null
  isInTransaction(): boolean
  exec(sql: string): void
  /** All rows at once: a statement that is left half read would hold its read lock. */
  all(sql: string, ...values: Value[]): Columns[]
  /** Runs a statement that gives no rows; answers how many rows it changed. */
  run(sql: string, values: readonly Value[]): number
  close(): void
}

/** What a driver must offer to be made a {@link Connection}. */
export interface Driver {
  isInTransaction(): boolean
  exec(sql: string): void
  reader(sql: string): (values: readonly Value[]) => Columns[]
  writer(sql: string): (values: readonly Value[]) => number
  close(): void
}

export function connect(driver: Driver): Connection {
  const reader = once(driver.reader)
  const writer = once(driver.writer)
  const main = reader('pragma database_list')([]).find((columns) => columns[1] === 'main')
  return {
    file: typeof main?.[2] === 'string' && main[2] !== '' ? main[2] : null,
    isInTransaction: driver.isInTransaction,
    exec: driver.exec,
    all: (sql, ...values) => reader(sql)(values),
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
