/** The MongoDB storage: what belongs to the whole of it - its database, its end, its hints, the app's transactions. */
import type { ClientSession, Db } from 'mongodb'
import { type Finding, type Storage, StorageError, type Traits } from '../../src/storage/index.ts'
import { type CallOptions, caller } from './call.ts'
import { writeNames } from './chance.ts'
import { doctor } from './doctor.ts'
import { type Methods, methodsFor } from './methods.ts'
import { checkOptions, expected, type MongoOptions } from './options.ts'
import { meaningOfStart, placeOf } from './place.ts'
import { namesFor, prepare } from './schema.ts'
import { watchRows } from './watch.ts'

/** The contract on two collections of a MongoDB database. */
export interface MongoStorage extends Methods {
  readonly traits: Traits
  watch(wake: () => void): Promise<() => Promise<void>>
  doctor(): Promise<readonly Finding[]>
  close(): Promise<void>
  /**
   * A storage that works inside the transaction which the app has open on `session`, a session of the client whose `Db`
   * this storage was given: what it writes is committed or rolled back with the app's own writes. Needs a replica set.
   *
   * @throws TypeError when `session` has no transaction open, here and at each later call.
   * @example
   * ```ts
   * await client.withSession((session) =>
   *   session.withTransaction(async () => {
   *     await orders.insertOne(order, { session })
   *     await work.add(ship, { order: order._id }, { through: storage.within(session) })
   *   }),
   * )
   * ```
   */
  within(session: ClientSession): Storage
}

/**
 * A row is one document of at most 16 MB, and a command that writes it is one as well; the last of them go to the names
 * of fields, the id and the key.
 */
const ROW_MAX_BYTES = 15 * 1024 * 1024

const TRAITS: Traits = {
  durable: true,
  shared: true,
  order: 'exact',
  batchMax: 1000,
  rowMaxBytes: ROW_MAX_BYTES,
  lagMs: 0,
  leaseMs: 30_000,
}

/**
 * Keeps rows in a MongoDB database, 4.4 or later: a standalone server, a replica set, or a collection that is not
 * sharded. It needs neither sessions nor transactions.
 *
 * Given a `Db` of the official driver, it uses the app's client and leaves it open. Given a URL, it opens a client of its
 * own at the first call, on the database that the URL names, and closes it on `close()`; `mongodb` must be installed.
 * The two collections and their indexes are made at the first call.
 *
 * Whatever the client or the URL says of concerns and preferences: what is acknowledged is in the journal, of a majority
 * where there is one, and all that is read comes from the primary. On a replica set, change streams tell workers of new rows; elsewhere they
 * poll.
 *
 * @throws TypeError when an argument is not as described.
 * @example
 * ```ts
 * const client = new MongoClient('mongodb://127.0.0.1:27017')
 * const work = piecework({ storage: mongo(client.db('shop')), definitions: [resize] })
 * ```
 */
export function mongo(database: Db | string, options: MongoOptions = {}): MongoStorage {
  const { collectionPrefix, callTimeoutMs } = checkOptions(options)
  const place = placeOf(database, callTimeoutMs)
  const names = namesFor(collectionPrefix)
  const methodsOver = methodsFor(writeNames())
  const stops = new Set<() => Promise<void>>()
  let isOpen = true
  let ready: Promise<void> | undefined

  function refuseClosed(): void {
    if (!isOpen) throw new StorageError('closed', 'The MongoDB storage was closed before this call')
  }

  const unprepared: CallOptions = { names, callTimeoutMs, refuse: refuseClosed, database: place.database }

  /** Outside of any transaction, since a transaction makes no indexes. */
  async function prepared(): Promise<Db> {
    if (ready === undefined) {
      ready = caller(unprepared)(prepare)
      ready.catch(() => {
        ready = undefined
      })
    }
    try {
      await ready
    } catch (error) {
      throw meaningOfStart(error)
    }
    return place.database()
  }

  const run = caller({ ...unprepared, database: prepared })

  return {
    ...methodsOver(run),
    traits: TRAITS,
    doctor: () => run(doctor),
    async watch(wake) {
      refuseClosed()
      const stop = await run((call) => watchRows(call, wake))
      stops.add(stop)
      return async () => {
        stops.delete(stop)
        await stop()
      }
    },
    within(session) {
      const refuse = () => {
        refuseClosed()
        refuseNoTransaction(session)
      }
      refuse()
      const methods = methodsOver(caller({ ...unprepared, database: prepared, refuse, session }))
      return { ...methods, traits: TRAITS }
    },
    async close() {
      if (!isOpen) return
      isOpen = false
      await Promise.all([...stops].map((stop) => stop()))
      await place.close()
    },
  }
}

function refuseNoTransaction(session: unknown): void {
  const method = typeof session === 'object' && session !== null ? Reflect.get(session, 'inTransaction') : undefined
  if (typeof method !== 'function') throw expected('session', 'a ClientSession of the driver `mongodb`', session)
  if (method.call(session) !== true) {
    throw new TypeError('Expected `session` to have a transaction open, got one that has none')
  }
}
