/**
 * The contract of a source: the user's own table or collection, whose rows are reserved by what a few of its columns say.
 *
 * A source renders the moves of {@link rowMoves} and compares; it decides nothing. Of a row it writes the columns that it
 * was told, and no other; it never inserts one.
 */
import type { Instant } from '../core/duration.ts'
import type { RowMarks, RowMoveName, RowStanding } from '../core/row-moves.ts'
import type { TokenKind } from '../core/row-token.ts'
import type { Awaitable } from './storage.ts'

/** What a source is, known once it was opened. */
export interface SourceTraits {
  /** What fits into the column of the reservation id. */
  readonly tokens: TokenKind
  /** The most tokens, ids and changes that one call takes. */
  readonly batchMax: number
}

/** A row that is reserved, as it is then. */
export interface ReservedRow<Row = unknown> extends RowMarks {
  /** The primary key as text: the one form in which ids go through here. */
  readonly id: string
  readonly token: string
  readonly row: Row
}

export interface ReserveRequest {
  /** A fresh one for each reservation: at most so many rows are reserved. */
  readonly tokens: readonly string[]
  /** What the app's own `selecting` chose, in its order; without it those that are due: fewest tries, then the lowest id. */
  readonly ids?: readonly string[]
  /** Only rows with fewer tries. */
  readonly maxTries: number
}

/** A write on condition that the row has this token and stands where it is said. */
export interface RowChange {
  readonly id: string
  readonly token: string
  readonly on: RowStanding
  readonly move: Exclude<RowMoveName, 'reserve'>
  /** For a move that writes the error's text. */
  readonly error?: string
  /** For a move that writes the limit of tries. */
  readonly maxTries: number
}

/** What is known of a row without reading the user's columns. */
export interface SeenRow extends RowMarks {
  readonly id: string
}

export interface LapsedRequest {
  /** Reserved so long ago and not started. */
  readonly startWithinMs: number
  /** Started so long ago and not ended. */
  readonly maxDurationMs: number
  readonly limit: number
}

export interface HeldRequest {
  /** Only reservations whose token begins so. */
  readonly prefix?: string
  /** Only rows behind this id, in the order of ids. */
  readonly after?: string
  readonly limit: number
}

/** How many rows there are of each state. The states add up to the total. */
export interface RowCounts {
  readonly total: number
  readonly pending: number
  readonly reserved: number
  readonly running: number
  readonly completed: number
  readonly failed: number
  /** By what the ids of their reservations begin with, see {@link workerOf}. */
  readonly workers: Readonly<Record<string, WorkerCounts>>
}

export interface WorkerCounts {
  readonly reserved: number
  readonly running: number
  readonly completed: number
}

/**
 * Where the rows are. Every method may be called at any time after `open`, and throws a `StorageError` or any other
 * error where the database fails; each call is one statement or one transaction.
 */
export interface RowSource<Row = unknown, Client = unknown> {
  /** How messages name it: `the table "webpage"`. */
  readonly title: string
  /**
   * Checks that the place is there and fits: columns, their types, a key of one column. May be called again.
   * @throws StorageError `not_usable` with a sentence that says what to do.
   */
  open(): Awaitable<SourceTraits>
  /** What the app's own functions are given to ask the database with. */
  client(): Client
  /** The text of a key as the app's own functions give it: a number, a uuid. @throws TypeError */
  idOf(key: unknown): string
  /**
   * Reserves free rows that have tries left and are within the source's own `where`: a row has one reservation at any
   * instant, whoever else reserves. Rows that another call is about to reserve are passed over, not waited for.
   */
  reserve(request: ReserveRequest): Awaitable<ReservedRow<Row>[]>
  /** Each by itself, by position: whether it was made. An id stands in one change of a call. */
  write(changes: readonly RowChange[]): Awaitable<boolean[]>
  /** Reservations over their time, by the database's clock, the longest first. */
  lapsed(request: LapsedRequest): Awaitable<SeenRow[]>
  /** Reserved or started rows that have not ended, in the order of ids. */
  held(request: HeldRequest): Awaitable<ReservedRow<Row>[]>
  /** By position; `undefined` where there is no such row. */
  look(ids: readonly string[]): Awaitable<(SeenRow | undefined)[]>
  count(maxTries: number): Awaitable<RowCounts>
  /** The database's time. */
  now(): Awaitable<Instant>
  /** What has to be run once so that the columns and the indexes are there, for the user's own migration. */
  statements(): readonly string[]
  /** Ends what the source itself opened. */
  close?(): Awaitable<void>
}
