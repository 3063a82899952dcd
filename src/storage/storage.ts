/**
 * The storage contract: seven verbs over rows that have a wake time and a revision.
 *
 * A storage knows nothing of tasks, jobs or schedules. It keeps rows, hands due rows out once, and compares and swaps.
 * Core computes every change; a storage takes one decision only, which due rows a claim gets. Whoever writes an adapter
 * implements `Storage` and holds it to the published suite (`piecework/conformance`), where each MUST below has a case.
 */
import type { Instant } from '../core/duration.ts'

/** A plain value or a promise of it: a storage in memory answers at once, one behind a network later. */
export type Awaitable<T> = T | Promise<T>

export type { Instant }

/** The state that a claim turns into {@link RUNNING}. Every other state is opaque to a storage. */
export const WAITING = 'waiting'

/** The state that a claim gives to a row that was {@link WAITING}. */
export const RUNNING = 'running'

/**
 * Everything durable is a row: a task, a part, a job, a schedule, an emitted item, a pause.
 *
 * Ids and names are printable ASCII of at most 250 characters, compared byte by byte. A row with a parent has the id
 * `parent/suffix`, where the suffix has no slash and sorts in the order of the parts; no other id has a slash.
 * Core checks all this; an adapter may trust it.
 */
export interface Row {
  /** Made by core. Inserting it again is harmless. */
  readonly id: string
  /** The definition that the row belongs to; claims ask by name. */
  readonly name: string
  /** Core's word. A storage compares it and, in a claim, turns `waiting` into `running`. */
  readonly state: string
  /** 0 to 9; 0 is claimed first. */
  readonly priority: number
  /** When the row wants attention next; claimable when `wakeAt <= now`. `null`: never. */
  readonly wakeAt: Instant | null
  /** The fence: goes up by one with every claim and every apply, never with extend. Starts at what insert was given. */
  readonly rev: number
  /** Goes up by one with every claim; an apply may set it (an attempt that is given back). */
  readonly tries: number
  /** Who holds the row or wrote it last; unique for each claim call, so that a write can be told for one's own. */
  readonly holder: string | null
  /**
   * Unique among the rows of the storage that hold it: any well-formed text without NUL, of at most 400 characters,
   * compared code unit by code unit. A row may let go of its key; it never takes one later.
   */
  readonly key: string | null
  /** The row that this one belongs to, or `null`. */
  readonly parent: string | null
  /**
   * When the row was finished; what `find({ doneBefore })` goes by. A row that has it wants no attention any more: its
   * `wakeAt` is `null`. Parts and items keep `null`.
   */
  readonly doneAt: Instant | null
  /** Well-formed JSON text (no raw NUL, no lone surrogate) that never changes; comes back bit for bit. */
  readonly input: string
  /** The same kind of text, rewritten by each apply. */
  readonly memo: string
}

/** All that an apply writes. `id`, `name`, `parent` and `input` never change and `rev` goes up by itself. */
export interface NextRow extends Pick<Row, 'state' | 'priority' | 'wakeAt' | 'tries' | 'holder' | 'doneAt' | 'memo'> {
  /** `false` lets go of the key; `true` leaves it as it is. */
  readonly keepKey: boolean
}

/** One compare-and-set: `row` as last seen (its `id` and `rev` decide), `next` in full, or `null` to remove the row. */
export interface Change {
  readonly row: Row
  readonly next: NextRow | null
}

/** What became of one inserted row: stored, or refused because a row with this id or key is there (that row's id). */
export type InsertResult = 'inserted' | { readonly duplicate: string }

/** What became of one change: written, or refused because the row has moved on. */
export type ApplyResult = 'applied' | 'stale'

/** Who claims, what, and until when. */
export interface ClaimRequest {
  /** Names to claim from, each at most once, each with the most rows wanted of it (1 and up). */
  readonly wants: readonly { readonly name: string; readonly limit: number }[]
  /** The most rows over all names; 1 to `traits.batchMax`. */
  readonly limit: number
  /** Unique for this call. */
  readonly holder: string
  /** The storage's time, as the caller knows it from {@link Storage.now}. */
  readonly now: Instant
  /** When the leases of this claim end: the new `wakeAt`. Later than `now`. */
  readonly until: Instant
}

/**
 * The five questions that `find` answers. `after` is an id: rows with a greater one are meant, whether or not there is a
 * row of that id. Empty `names` or `states` match nothing.
 */
export type FindBy =
  | { readonly parent: string; readonly states?: readonly string[]; readonly after?: string }
  | { readonly key: string }
  | { readonly names: readonly string[]; readonly states?: readonly string[]; readonly after?: string }
  | { readonly doneBefore: Instant; readonly names?: readonly string[]; readonly states?: readonly string[] }
  | { readonly claimedBy: string; readonly until: Instant; readonly names: readonly string[] }

/** One page. It may be short, or empty, without being the last: go on while `after` is not `null`. */
export interface Page {
  readonly rows: Row[]
  readonly after: string | null
}

/** What to count, and where to stop. */
export type CountBy = {
  readonly states?: readonly string[]
  /** Stop once this many rows were counted, and say so. */
  readonly upTo: number
} & ({ readonly names?: readonly string[] } | { readonly parent: string })

export interface Count {
  /** By name, then by state. Names and states without a row are left out. `__proto__` is a name like any other. */
  readonly counts: Record<string, Record<string, number>>
  /** True when counting stopped at `upTo`, whether or not there was more: the numbers are lower bounds. */
  readonly capped: boolean
}

/** What a storage declares of itself. The suite holds it to this: a trait that lies is a failing case. */
export interface Traits {
  /** What was acknowledged outlives `kill -9` of every process at any instant. */
  readonly durable: boolean
  /** Other processes can work on the same rows at the same time. Then {@link Storage.now} is required. */
  readonly shared: boolean
  /** `exact`: a claim returns what is first in order. `close`: an index that lags may let a row be overtaken. */
  readonly order: 'exact' | 'close'
  /** The most rows or changes in one call, and the most rows that `find` returns; at least 10. */
  readonly batchMax: number
  /** The most UTF-8 bytes of `input` and `memo` together; at least 1,024, and many times that to be of use. */
  readonly rowMaxBytes: number
  /** How far `find` by names, doneBefore or claimedBy, and `count`, may be behind; 0: not at all. */
  readonly lagMs: number
  /** How long a lease should be when nobody says otherwise, in milliseconds; longer than 4 x the error of `now`. */
  readonly leaseMs: number
}

/** One thing that a storage found when it looked at itself. */
export interface Finding {
  /** `error`: work would be lost or stand still, so a start fails. `warning`: it works, but not as well as it could. */
  readonly level: 'ok' | 'warning' | 'error'
  /** What was looked at, in one or two words: `schema`, `indexes`, `clock`, `durability`, `rights`. */
  readonly about: string
  /** What was found and, where it is not `ok`, what to do. One sentence, without a password in it. */
  readonly message: string
}

/**
 * Where rows live.
 *
 * For every method: it MUST end, with an answer or an error, however dead the network is (give the client a time limit: a
 * beat that never comes back keeps no lease). A thrown error means *outcome unknown*, unless it is a `StorageError`, which
 * says that nothing was done. A batch holds at most `traits.batchMax` entries, answers come back by position, each row is
 * atomic and the batch need not be. An empty batch is legal and cheap. Deadlocks and serialization failures are retried
 * inside. A storage reads no clock inside a call: the time comes with it. Rows that come back are the caller's to keep;
 * changing one changes nothing in the storage. Methods are called at the same time, by one process and by many.
 * Only `apply` with `next: null` removes a row: no expiry of the database may.
 */
export interface Storage {
  readonly traits: Traits

  /**
   * Stores rows as if one after another. MUST refuse a row whose id is there, or whose key a row holds, and name that
   * row; MUST let exactly one of any number of concurrent inserts of one id or key win. In a batch the first row with
   * an id or key wins; where id and key are taken by two rows, either is named. Where the owner of a key let go before
   * the report could name it, MUST insert again (a bounded number of times). `rev` is stored as given (core starts it at the storage's time, so that an id that was removed
   * and comes back never repeats a fence).
   */
  insert(rows: readonly Row[]): Awaitable<InsertResult[]>

  /**
   * Hands out due rows. MUST give a row to one holder only while its lease runs; MUST NOT give one with `wakeAt > now`
   * (so a lease has ended when `now >= wakeAt`); MUST keep every name's limit and the whole; MUST return rows by
   * priority, wakeAt, tries and id as they were before the claim (`exact` is promised to one caller alone; among
   * several, a row may be skipped that another is taking). Each claimed row gets `rev + 1`, `tries + 1`, the holder and
   * `wakeAt = until`; a `waiting` one becomes `running`, any other state stays. Rows come back as they are afterwards.
   * Where it fails half-way, it answers the rows that it took: it throws only where it took none, or cannot know.
   */
  claim(request: ClaimRequest): Awaitable<Row[]>

  /**
   * Moves the `wakeAt` of each row that is still at this `rev` and has one. MUST leave `rev` as it is (a beat in flight
   * must not make the holder's own settle stale), MUST change nothing and answer `false` on any other `rev`. On a lapsed
   * row that nobody claimed it succeeds: leases bound waiting, `rev` bounds truth. No id twice in a batch.
   */
  extend(rows: readonly Row[], until: Instant): Awaitable<boolean[]>

  /**
   * Compare-and-set on `rev`. MUST change nothing, to the byte, on any other `rev`; an extend meanwhile does not count.
   * MUST recognise its own write: a row at `row.rev + 1` that is exactly as this change would have made it was made by
   * this change, and the answer is `applied` (drivers repeat a request by themselves). Removing a row that is gone
   * answers `applied` for the same reason; writing one that is gone answers `stale`. No id twice in a batch.
   */
  apply(changes: readonly Change[]): Awaitable<ApplyResult[]>

  /** The rows with these ids, by position; an id may stand there twice. MUST see every acknowledged write of anybody. */
  get(ids: readonly string[]): Awaitable<(Row | undefined)[]>

  /**
   * Pages of rows. By parent and by names: ordered by id (bytes), from the first id behind `after`. By doneBefore:
   * rows with `doneAt < doneBefore`, the earliest first. By claimedBy, in any order: what is left of a claim, the rows of
   * these names with this holder and `wakeAt = until`. For both `after` is `null`: the caller writes to what it gets and
   * asks again, so only the last page is empty. By key: the one row or none, `after` is `null`. `limit` is 1 to
   * `traits.batchMax`; a page's `after` is what the next call is given as `after`. By parent and by key MUST see every
   * acknowledged write; these two and claimedBy MUST be fast at any size (claimedBy by the index that claims go by). All
   * but parent and key may lag by `traits.lagMs` and are never on the path of a task. Lag means that a row may be missing:
   * one that does come back MUST be as it is now and MUST fit the question (an index that lags is looked up in, and the
   * rows are then read), so that a purge never shows a row that is gone.
   */
  find(by: FindBy, limit: number): Awaitable<Page>

  /** Counts by name and state. MUST stop at `upTo` (so a capped sum is `upTo`). May lag by `traits.lagMs`. */
  count(by: CountBy): Awaitable<Count>

  /** The storage's clock and how far it may be off, in milliseconds (0 where one database tells the time). */
  now?(): Awaitable<{ readonly now: Instant; readonly error: number }>

  /** Calls `wake` when rows may have become due. A hint, never a promise. Returns what ends it. */
  watch?(wake: () => void): Awaitable<() => Awaitable<void>>

  /**
   * Looks at itself: schema, indexes, clock, durability, rights. Called once by each start, before the first claim, and
   * by operators. Findings are answers: it throws only where it cannot look at all (no server, closed).
   */
  doctor?(): Awaitable<readonly Finding[]>

  /**
   * Ends what the adapter itself opened; a client that the app passed in stays open. Calling it again is harmless; any
   * other call MUST throw a `StorageError` with the code `closed` from then on.
   */
  close?(): Awaitable<void>
}

/** A storage that answers at once: no verb returns a promise. */
export interface SynchronousStorage extends Storage {
  insert(rows: readonly Row[]): InsertResult[]
  claim(request: ClaimRequest): Row[]
  extend(rows: readonly Row[], until: Instant): boolean[]
  apply(changes: readonly Change[]): ApplyResult[]
  get(ids: readonly string[]): (Row | undefined)[]
  find(by: FindBy, limit: number): Page
  count(by: CountBy): Count
}
