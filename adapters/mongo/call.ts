/** One call of a verb: its commands, its time limit, and what is known of it when it fails. */
import type { ChangeStream, ClientSession, Collection, Db, Document, Filter, FindOptions } from 'mongodb'
import { Acknowledgement } from './acknowledgement.ts'
import type { StoredRow } from './document.ts'
import { meaningOf, wasNotSent } from './errors.ts'
import type { Names } from './schema.ts'
import { limited } from './time.ts'

/** What a verb works with. */
export interface Call {
  readonly names: Names
  /** Whether the app's transaction is what it works in. */
  readonly isWithin: boolean
  /** The answer to a command that writes nothing. */
  read(command: Document): Promise<Document>
  rows(filter: Filter<StoredRow>, options?: FindOptions): Promise<StoredRow[]>
  /** The answer to a command that writes, acknowledged once it is in the journal, of a majority where there is one. */
  write(command: Document): Promise<WriteReply>
  /** What changes in the rows from now on; outlives the call. */
  changes(pipeline: Document[]): ChangeStream<StoredRow>
}

/** As much of the server's answer to a write as the verbs look at. */
export interface WriteReply {
  /** Documents inserted, matched or removed. */
  readonly n: number
  readonly writeErrors?: readonly WriteError[]
}

export interface WriteError {
  readonly index: number
  readonly code: number
  readonly errmsg: string
  /** Of the unique index that refused a duplicate. */
  readonly keyPattern?: object
}

/** Runs the body of a verb. */
export type Run = <T>(body: (call: Call) => Promise<T>) => Promise<T>

export interface CallOptions {
  readonly names: Names
  readonly callTimeoutMs: number
  /** Throws where a call may not begin. */
  readonly refuse: () => void
  /** The database, when it is ready for the call. */
  readonly database: () => Promise<Db>
  readonly session?: ClientSession
}

/** What a row is read with, whatever the client was told: a long, a raw buffer or an `Int32` is no row. */
const PLAIN = {
  raw: false,
  promoteValues: true,
  promoteLongs: true,
  useBigInt64: false,
  fieldsAsRaw: {},
  ignoreUndefined: false,
} as const

/** More than any page has: a page comes in one round trip, unless it is larger than 16 MB. */
const BATCH = 1_001

/**
 * `local` on the primary shows every acknowledged write, also right after a fail-over, where `majority` may be late. What
 * it shows beyond them could still vanish, but never under a decision of ours that stands: writes take effect in one
 * order, so a majority that has the decision has what it was made from.
 */
const FROM_PRIMARY = { readPreference: 'primary', readConcern: { level: 'local' } } as const

export function caller(options: CallOptions): Run {
  const acknowledgement = options.session ? undefined : new Acknowledgement()
  return async (body) => {
    options.refuse()
    const sent = { writes: 0 }
    try {
      return await limited(options.callTimeoutMs, async (signal) => {
        const db = await options.database()
        // Nobody waits any more: what was given up must not begin to write.
        signal.throwIfAborted()
        return await body(makeCall(db, { ...options, acknowledgement }, signal, sent))
      })
    } catch (error) {
      // The app's transaction is retried by the driver, which needs to see its own error.
      if (options.session && isTransient(error)) throw error
      throw meaningOf(error, sent.writes > 0)
    }
  }
}

function makeCall(
  db: Db,
  {
    names,
    callTimeoutMs: maxTimeMS,
    session,
    acknowledgement,
  }: CallOptions & {
    readonly acknowledgement: Acknowledgement | undefined
  },
  signal: AbortSignal,
  sent: { writes: number },
): Call {
  const inSession = session && { session }
  // A transaction has its own concerns; the driver and the server refuse others inside it.
  const readConcern = session ? undefined : { readConcern: FROM_PRIMARY.readConcern }

  // Not through the methods of a collection: a command takes nothing over from the client, and is never repeated.
  const command = (document: Document) => {
    signal.throwIfAborted()
    return db.command({ ...document, maxTimeMS }, { ...PLAIN, ...inSession, readPreference: 'primary', signal })
  }
  let rows: Collection<StoredRow> | undefined
  const collection = () => {
    rows ??= db.collection<StoredRow>(names.row, { ...PLAIN, ...FROM_PRIMARY })
    return rows
  }

  return {
    names,
    isWithin: session !== undefined,
    read: (document) => command(takesReadConcern(document) ? { ...document, ...readConcern } : document),
    rows(filter, options) {
      signal.throwIfAborted()
      return collection()
        .find(filter, { maxTimeMS, signal, batchSize: BATCH, ...inSession, ...options })
        .toArray()
    },
    async write(document) {
      const concern = acknowledgement && {
        writeConcern: { ...(await acknowledgement.concern(db)), wtimeout: maxTimeMS },
      }
      sent.writes += 1
      let reply: Document
      try {
        reply = await command({ ...document, ...concern })
      } catch (error) {
        if (wasNotSent(error)) sent.writes -= 1
        throw error
      }
      await acknowledgement?.check(reply)
      const { writeConcernError } = reply
      if (writeConcernError) {
        throw new Error(`A majority of the replica set has not stored this yet: ${writeConcernError.errmsg}`)
      }
      return reply as unknown as WriteReply
    },
    changes: (pipeline) => collection().watch(pipeline, { readConcern: { level: 'majority' } }),
  }
}

function takesReadConcern(command: Document): boolean {
  return 'find' in command || 'aggregate' in command
}

function isTransient(error: unknown): boolean {
  const labelled = error as { hasErrorLabel?: (label: string) => boolean }
  return typeof labelled.hasErrorLabel === 'function' && labelled.hasErrorLabel('TransientTransactionError')
}
