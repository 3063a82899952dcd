/** `mongoCollection(database, options)`: documents of the app's own as the queue of a row dispatcher. */
import type { Db } from 'mongodb'
import {
  type ReservedRow,
  type ReserveRequest,
  type RowSource,
  type SourceTraits,
  StorageError,
} from '../../../src/storage/index.ts'
import { type Call, caller } from '../call.ts'
import { expected } from '../options.ts'
import { meaningOfStart, placeOf } from '../place.ts'
import { checkFit, type Sampled } from './check.ts'
import { count } from './count.ts'
import type { Ground } from './documents.ts'
import { fieldsOf } from './fields.ts'
import { statementsFor } from './indexes.ts'
import { isScalar, type Keys, keysWith } from './keys.ts'
import { held, lapsed, look, serverTime } from './look.ts'
import { checkCollection, type MongoCollectionOptions } from './options.ts'
import { reserver } from './reserve.ts'
import { write } from './write.ts'

export interface MongoCollection<Row> extends RowSource<Row, Db> {
  close(): Promise<void>
}

const TRAITS: SourceTraits = { tokens: 'text', batchMax: 1000 }

/** What is known once the collection was found to be fit. */
interface Opened extends Sampled {
  readonly db: Db
  readonly ground: Ground
  readonly reserve: ReturnType<typeof reserver>
}

/**
 * The fields may be absent, which counts as `null`; no document is inserted, and no other field written. The times are
 * the server's. Given a `Db`, it uses the app's client; given a URL, a client of its own, which `close()` ends.
 *
 * @throws TypeError on options that cannot be.
 * @example
 * ```ts
 * const source = mongoCollection(client.db('shop'), {
 *   collection: 'webpage',
 *   reservationId: 'scrape.reservationId',
 *   reservationTime: 'scrape.reservationTime',
 *   reservationTimes: 'scrape.reservationTimes',
 *   startTime: 'scrape.startTime',
 *   endTime: 'scrape.endTime',
 *   where: { country: 'GR' },
 * })
 * ```
 */
export function mongoCollection<Row = Record<string, unknown>>(
  database: Db | string,
  options: MongoCollectionOptions,
): MongoCollection<Row> {
  const columns = checkCollection(options)
  const { collection, callTimeoutMs } = columns
  const place = placeOf(database, callTimeoutMs)
  let isOpen = true
  let opening: Promise<Opened> | undefined
  let opened: Opened | undefined

  // Commands of `Db.command` are sent once: the driver repeats none of them.
  const run = caller({
    names: { row: collection, meta: collection },
    callTimeoutMs,
    database: place.database,
    refuse() {
      if (!isOpen) throw new StorageError('closed', 'The source was closed before this call')
    },
  })

  async function openOnce(): Promise<Opened> {
    try {
      const sampled = await run((call) => checkFit(call, columns))
      const ground = { ...fieldsOf(columns), ...keysWith((await import('mongodb')).BSON, sampled.strings === 'all') }
      opened = { db: await place.database(), ground, reserve: reserver(ground), ...sampled }
      return opened
    } catch (error) {
      throw meaningOfStart(error)
    }
  }

  async function prepared(): Promise<Opened> {
    if (opening === undefined) {
      opening = openOnce()
      opening.catch(() => {
        opening = undefined
      })
    }
    return opening
  }

  async function within<T>(body: (ground: Ground, call: Call, opened: Opened) => Promise<T>): Promise<T> {
    const known = opened ?? (await prepared())
    return run((call) => body(known.ground, call, known))
  }

  function known(): Opened {
    if (opened === undefined)
      throw new StorageError('closed', `The collection "${collection}" was not opened: \`open()\` comes first`)
    return opened
  }

  return {
    title: `the collection "${collection}"`,
    async open() {
      await prepared()
      return TRAITS
    },
    client: () => known().db,
    idOf(key) {
      const { ground, strings } = known()
      return textOf(ground, key, strings === 'none')
    },
    reserve: (request: ReserveRequest): Promise<ReservedRow<Row>[]> =>
      within((_, call, { reserve }) => reserve<Row>(call, request)),
    write: (changes) => within((ground, call) => write(ground, call, changes)),
    lapsed: (request) => within((ground, call) => lapsed(ground, call, request)),
    held: (request) => within((ground, call) => held<Row>(ground, call, request)),
    look: (ids) => within((ground, call) => look(ground, call, ids)),
    count: (maxTries) => within((ground, call) => count(ground, call, maxTries)),
    now: () => run(serverTime),
    statements: () => statementsFor(columns),
    async close() {
      // Over the app's own client it goes on when it is asked again: nothing of it was ended.
      isOpen = typeof database !== 'string'
      await place.close()
    },
  }
}

/** Where no key is a string, one stands for what it is the text of: of what an event told, or a URL has in it. */
function textOf(keys: Keys, key: unknown, isText: boolean): string {
  if (!isScalar(key)) throw expected('a key', 'a string, a number, an ObjectId or another scalar', key)
  if (typeof key !== 'string' || !isText) return keys.textOf(key)
  try {
    return keys.textOf(keys.keyOf(key))
  } catch {
    // It begins like a text of something that is no string, and is none.
    return keys.textOf(key)
  }
}
