/** `memoryRows(rows, columns)`: objects of the app's own, in an array, as the queue of a row dispatcher. For tests. */
import {
  addUpRows,
  checkColumns,
  type HeldRequest,
  type LapsedRequest,
  type ReservationColumns,
  type ReservedRow,
  type ReserveRequest,
  type RowChange,
  type RowCounts,
  type RowMarks,
  type RowSource,
  reservedRow,
  rowMoves,
  rowState,
  type SeenRow,
  StorageError,
  standingOf,
  workerOf,
} from '../../../src/storage/index.ts'
import { systemNow } from '../time.ts'

export interface MemoryRowsOptions<Row> extends ReservationColumns {
  /** The field of the key: a number or a text, one of its own for each row. */
  readonly id: string
  /** Only rows of which this answers true are reserved and counted. */
  readonly where?: (row: Row) => boolean
  /** What tells the time, in epoch milliseconds. @default this machine's clock */
  readonly now?: () => number
}

/**
 * The array stays the app's: it may add, change and remove objects at any time. Only the named fields are written;
 * instants in them are epoch milliseconds.
 * @throws TypeError on options that cannot be.
 */
export function memoryRows<Row extends object>(rows: Row[], options: MemoryRowsOptions<Row>): RowSource<Row, Row[]> {
  if (!Array.isArray(rows)) throw new TypeError('Expected `rows` to be an array of objects')
  const checked = checkColumns(options, ['where', 'now'])
  for (const name of ['where', 'now'] as const) {
    if (checked[name] === undefined || typeof checked[name] === 'function') continue
    throw new TypeError(`Expected \`${name}\` to be a function, got ${typeof checked[name]}`)
  }
  return new MemoryRows(rows, checked)
}

class MemoryRows<Row extends object> implements RowSource<Row, Row[]> {
  readonly title = 'the array of rows'
  readonly #rows: Row[]
  readonly #options: MemoryRowsOptions<Row>
  readonly #now: () => number

  constructor(rows: Row[], options: MemoryRowsOptions<Row>) {
    this.#rows = rows
    this.#options = options
    this.#now = options.now ?? systemNow
  }

  open() {
    const ids = this.#rows.map((row) => this.#idOf(row))
    if (new Set(ids).size < ids.length) {
      throw new StorageError('not_usable', `Two rows have the same \`${this.#options.id}\``)
    }
    return { tokens: 'text', batchMax: 1000 } as const
  }

  client(): Row[] {
    return this.#rows
  }

  idOf(key: unknown): string {
    if (typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint') return String(key)
    throw new TypeError(`Expected a key to be a text or a number, got \`${String(key)}\` (${typeof key})`)
  }

  now(): number {
    return this.#now()
  }

  reserve({ tokens, ids, maxTries }: ReserveRequest): ReservedRow<Row>[] {
    const isDue = (row: Row) => {
      const { standing, tries } = this.#marks(row)
      return standing === 'free' && tries < maxTries && this.#isWanted(row)
    }
    const due = ids
      ? ids.flatMap(this.#finder()).filter(isDue)
      : this.#rows.filter(isDue).sort((a, b) => this.#marks(a).tries - this.#marks(b).tries || this.#byId(a, b))
    return due.slice(0, tokens.length).map((row, index) => {
      this.#write(row, rowMoves.reserve.writes, { token: tokens[index] })
      return reservedRow(this.#seen(row), { ...row })
    })
  }

  write(changes: readonly RowChange[]): boolean[] {
    const find = this.#finder()
    return changes.map((change) => {
      const [row] = find(change.id)
      const marks = row && this.#marks(row)
      if (!row || marks?.token !== change.token || marks.standing !== change.on) return false
      this.#write(row, rowMoves[change.move].writes, change)
      return true
    })
  }

  lapsed({ startWithinMs, maxDurationMs, limit }: LapsedRequest): SeenRow[] {
    const now = this.#now()
    const overMs = ({ standing, startedAt, reservedAt }: RowMarks) => {
      if (standing === 'started') return now - (startedAt ?? 0) - maxDurationMs
      return standing === 'active' ? now - (reservedAt ?? 0) - startWithinMs : -1
    }
    return this.#rows
      .map((row) => this.#seen(row))
      .filter((seen) => overMs(seen) >= 0)
      .sort((a, b) => overMs(b) - overMs(a))
      .slice(0, limit)
  }

  held({ prefix = '', after, limit }: HeldRequest): ReservedRow<Row>[] {
    return this.#rows
      .filter((row) => {
        const { standing, token } = this.#marks(row)
        if (standing !== 'active' && standing !== 'started') return false
        return token?.startsWith(prefix) && (after === undefined || this.#idOf(row) > after)
      })
      .sort((a, b) => (this.#idOf(a) < this.#idOf(b) ? -1 : 1))
      .slice(0, limit)
      .map((row) => reservedRow(this.#seen(row), { ...row }))
  }

  look(ids: readonly string[]): (SeenRow | undefined)[] {
    const find = this.#finder()
    return ids.map((id) => {
      const [row] = find(id)
      return row && this.#seen(row)
    })
  }

  count(maxTries: number): RowCounts {
    const wanted = this.#rows.filter((row) => this.#isWanted(row)).map((row) => this.#marks(row))
    return addUpRows(
      wanted.map((marks) => ({
        state: rowState(marks, maxTries),
        worker: marks.token === null ? null : workerOf(marks.token),
        count: 1,
      })),
    )
  }

  statements(): readonly string[] {
    return []
  }

  #write(
    row: Row,
    writes: Readonly<Record<string, unknown>>,
    given: { readonly token?: string | undefined; readonly error?: string; readonly maxTries?: number },
  ): void {
    const values: Readonly<Record<string, unknown>> = {
      token: given.token,
      now: this.#now(),
      'one more': this.#marks(row).tries + 1,
      'the limit': Math.max(this.#marks(row).tries, given.maxTries ?? 0),
      text: given.error,
    }
    for (const [column, write] of Object.entries(writes)) {
      const field = this.#options[column as keyof ReservationColumns]
      if (field === undefined || Reflect.set(row, field, typeof write === 'string' ? values[write] : write)) continue
      throw new TypeError(`Expected the rows to be objects that can be changed, got one whose \`${field}\` cannot`)
    }
  }

  #marks(row: Row): RowMarks {
    const { reservationId, reservationTime, reservationTimes, startTime, endTime } = this.#options
    const value = <T>(field: string) => (Reflect.get(row, field) ?? null) as T | null
    const [token, reservedAt, startedAt, endedAt] = [
      value<string>(reservationId),
      value<number>(reservationTime),
      value<number>(startTime),
      value<number>(endTime),
    ]
    const has = { reservationId: token !== null, startTime: startedAt !== null, endTime: endedAt !== null }
    const tries = value<number>(reservationTimes) ?? 0
    return { standing: standingOf(has), token, tries, reservedAt, startedAt, endedAt }
  }

  #seen(row: Row): SeenRow {
    return { id: this.#idOf(row), ...this.#marks(row) }
  }

  #idOf(row: Row): string {
    return this.idOf(Reflect.get(row, this.#options.id))
  }

  /** Finds rows by their ids, for one call: the app may change its array between two. None, or one in an array. */
  #finder(): (id: string) => readonly Row[] {
    const rows = new Map(this.#rows.map((row) => [this.#idOf(row), [row]]))
    return (id) => rows.get(id) ?? []
  }

  #isWanted(row: Row): boolean {
    return this.#options.where?.(row) ?? true
  }

  #byId(a: Row, b: Row): number {
    const [one, two] = [Reflect.get(a, this.#options.id), Reflect.get(b, this.#options.id)]
    return one < two ? -1 : one > two ? 1 : 0
  }
}
