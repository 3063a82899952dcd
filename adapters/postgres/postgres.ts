/** The Postgres storage: what belongs to the whole of it - its pool, its tables, its end, the app's transactions. */
import { type Finding, type Storage, StorageError, type Traits } from '../../src/storage/index.ts'
import { examine } from './doctor.ts'
import { checkClient, checkPool, openListener, type PgClient, type PgPool } from './driver.ts'
import { meaningOf } from './errors.ts'
import { listenerOn } from './listen.ts'
import { type Methods, methodsFor } from './methods.ts'
import { namesFor } from './names.ts'
import { notifyWithin, ownNotifier } from './notify.ts'
import { checkOptions, type PostgresOptions } from './options.ts'
import { poolOpener } from './pool.ts'
import { migrate, refuseOtherVersion } from './schema.ts'
import { connectionsOf, ownSession, refuseIdle, runOn, sessionWithin } from './session.ts'

/** The contract on Postgres. */
export interface PostgresStorage extends Methods {
  readonly traits: Traits
  watch(wake: () => void): Promise<() => Promise<void>>
  doctor(): Promise<readonly Finding[]>
  close(): Promise<void>
  /**
   * Makes the tables, or brings them up to date. The first call of any other method does the same unless `migrate` is
   * `false`; calling it is for those who deploy with another role than the one that works.
   */
  migrate(): Promise<void>
  /**
   * A storage that works inside the transaction which the app has open on `client`: what it writes is committed or
   * rolled back with the app's own writes, and others are told of it at the commit. The tables must be there. A
   * statement that fails, a deadlock too, has failed the transaction: nothing is tried again inside. Rows that it wrote
   * stay locked up to the end of the transaction, so keep that short.
   *
   * @throws TypeError when `client` has no transaction open, here (where the client can tell) and at each later call.
   * @example
   * ```ts
   * await client.query('begin')
   * await client.query('insert into orders (id) values ($1)', [order.id])
   * await work.add(ship, { order: order.id }, { through: storage.within(client) })
   * await client.query('commit')
   * ```
   */
  within(client: PgClient): Storage
}

/**
 * Keeps rows in Postgres 13 or later. Any number of processes on any number of machines may share them.
 *
 * Given a URL, it makes a pool of `pg` at the first call and ends it on `close()`. Given a pool of `pg`, or of the same
 * shape (`@neondatabase/serverless` makes such ones), it leaves it open. A pool that handlers share with the storage
 * must have a connection to spare: a call that gets none in `callTimeoutMs` fails with `busy`, and a beat that does not
 * come through loses its lease. Until `close()` the storage listens to the pool's `error` events, since an idle
 * connection that breaks would otherwise end the process; a listener of the app still hears them.
 *
 * A call that was given up for its time goes on in the server until its locks are free or the `statement_timeout` of
 * the role ends it: set one.
 *
 * Works behind PgBouncer in transaction mode, all but the hints of `watch` (see `listen`). What was acknowledged is
 * durable as far as the server is set to be: with `fsync` or `synchronous_commit` off a crash of the server may take the
 * last commits. `doctor()` says so.
 *
 * @throws TypeError when an argument is not as described. The methods throw a StorageError: `not_usable` when the server
 * cannot be used (wrong address, password, database or rights), `newer_schema` when a later version made the tables,
 * `busy` when nothing was done and trying again may help, `missing_driver` when a URL is given and `pg` is not installed.
 * @example
 * ```ts
 * const work = piecework({ storage: postgres(process.env.DATABASE_URL), definitions: [resize] })
 * ```
 */
export function postgres(pool: string | PgPool, options: PostgresOptions = {}): PostgresStorage {
  checkPool(pool)
  const checked = checkOptions(options)
  const limitMs = checked.callTimeoutMs
  const names = namesFor(checked.schema)
  const methodsOver = methodsFor(names)
  let isOpen = true
  let ended: Promise<void> | undefined
  let prepared: Promise<void> | undefined
  let isPrepared = false

  function refuseClosed(): void {
    if (!isOpen) throw new StorageError('closed', 'The Postgres storage was closed before this call')
  }

  const opener = poolOpener(pool, limitMs)
  const connections = connectionsOf(opener.opened, limitMs)

  /** Asked before every call and done once; after a failure it is tried again. */
  function prepare(): Promise<void> {
    prepared ??= connections
      .use((client) =>
        checked.migrate
          ? migrate(client, names, limitMs)
          : refuseOtherVersion((statement) => runOn(client, statement, limitMs), names),
      )
      .then(
        () => {
          isPrepared = true
        },
        (error: unknown) => {
          prepared = undefined
          throw meaningOf(error)
        },
      )
    return prepared
  }

  async function ready(): Promise<void> {
    refuseClosed()
    if (!isPrepared) await prepare()
  }

  const run = ownSession(connections, ready, limitMs)
  // Without a look at the tables: for the doctor, and for the last hint of a storage that is being closed.
  const runAsItIs = ownSession(connections, async () => {}, limitMs)
  const notifier = ownNotifier(runAsItIs, names)
  const from = typeof checked.listen === 'string' ? checked.listen : pool
  const openHearing = () => openListener(from, limitMs)
  const listener = listenerOn(names.channel, openHearing, limitMs)
  const traits: Traits = {
    durable: true,
    shared: true,
    order: 'exact',
    batchMax: 1000,
    rowMaxBytes: 16 * 1024 * 1024,
    lagMs: 0,
    leaseMs: 30_000,
  }

  async function end(): Promise<void> {
    isOpen = false
    await Promise.all([notifier.end(), listener.end()])
    await opener.end()
  }

  return {
    ...methodsOver(run, notifier.notify),
    traits,
    async watch(wake) {
      refuseClosed()
      return checked.listen === false ? async () => {} : listener.watch(wake)
    },
    async doctor() {
      refuseClosed()
      return examine({
        run: runAsItIs,
        ready,
        names,
        openHearing: checked.listen === false ? undefined : openHearing,
        limitMs,
      })
    },
    async migrate() {
      refuseClosed()
      await connections
        .use((client) => migrate(client, names, limitMs))
        .catch((error: unknown) => {
          throw meaningOf(error)
        })
    },
    within(client) {
      checkClient(client)
      refuseIdle(client)
      const runWithin = sessionWithin(
        client,
        async (run) => {
          refuseClosed()
          if (!isPrepared) await refuseOtherVersion(run, names)
        },
        limitMs,
      )
      return { ...methodsOver(runWithin, notifyWithin(runWithin, names)), traits }
    },
    close() {
      ended ??= end()
      return ended
    },
  }
}
