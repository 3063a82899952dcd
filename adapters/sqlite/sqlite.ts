/** The SQLite storage: what belongs to the whole of it - its connection, its end, its hints, the app's transactions. */
import { type Finding, type Storage, StorageError, type Traits } from '../../src/storage/index.ts'
import type { Connection } from './connection.ts'
import { examine } from './doctor.ts'
import { withMeaning } from './errors.ts'
import { fileCheck } from './file.ts'
import { type Methods, methodsFor } from './methods.ts'
import { adopt, connectionOf, openPath, type SqliteDatabase } from './open.ts'
import { checkOptions, expected, type SqliteOptions } from './options.ts'
import { namesFor } from './schema.ts'
import { ownSession, sessionWithin } from './session.ts'
import { watchLog } from './watch.ts'

/** The contract on an SQLite file. SQLite answers at once, so every method returns a plain value. */
export interface SqliteStorage extends Methods {
  readonly traits: Traits
  watch(wake: () => void): () => void
  doctor(): Finding[]
  close(): void
  /**
   * A storage that works inside the transaction which the app has open on `tx`, a connection to the same file or the
   * very database that this storage was given: what it writes is committed or rolled back with the app's own writes.
   * Begin with `begin immediate`; a transaction that has read already may be refused the lock (`busy`).
   *
   * @throws TypeError when `tx` has no transaction open, here and at each later call.
   * @example
   * ```ts
   * db.exec('begin immediate')
   * db.prepare('insert into orders (id) values (?)').run(order.id)
   * await work.add(ship, { order: order.id }, { through: storage.within(db) })
   * db.exec('commit')
   * ```
   */
  within(tx: SqliteDatabase): Storage
}

/**
 * Keeps rows in an SQLite file. Any number of processes of one machine may share it.
 *
 * Given a path, it opens the file through `node:sqlite` in WAL mode with a flush at each commit, makes its tables, and
 * closes the file again on `close()`. Given a database of `node:sqlite` or better-sqlite3, it makes its tables there
 * and leaves it open on `close()`; the journal mode stays as the app has it (WAL is what you want: without it readers
 * and writers block each other, and `watch` gives no hint), and only a busy timeout that is shorter is raised. While
 * the app has a transaction open on that database, or on another connection that `within` was ever given, the storage
 * refuses every write with `busy`, but for those through `within(db)`; a worker tries again a moment later. A transaction
 * on a connection that the storage does not know of, left open over an `await`, can stop the whole process for
 * `busyTimeoutMs`: a worker's write waits, blocking, for a commit that only this process can make. Keep them short.
 *
 * Every call blocks the process while it runs, and while another process writes. A file on a network file system is
 * refused; do not share one between containers on different machines either.
 *
 * @throws StorageError `not_usable` when the file is damaged, no database, or cannot be written; `newer_schema` when a
 * later version made the tables; `missing_driver` when a path is given and this Node has no `node:sqlite`.
 * @throws TypeError when an argument is not as described.
 * @example
 * ```ts
 * const work = piecework({ storage: sqlite('work.db'), definitions: [resize] })
 * ```
 */
export function sqlite(database: string | SqliteDatabase, options: SqliteOptions = {}): SqliteStorage {
  const checked = checkOptions(options)
  if (database === '') throw expected('database', 'a path, `:memory:` or a database', database)
  const names = namesFor(checked.tablePrefix)
  const isOwn = typeof database === 'string'
  const db = isOwn ? openPath(database, checked, names) : adopt(database, checked, names)
  const traits = traitsOf(db)
  const checkFile = fileCheck(db.file)
  const methodsOver = methodsFor(names)
  const stops = new Set<() => void>()
  // Statements belong to a connection, so a connection that comes again finds its own prepared.
  const connections = new WeakMap<SqliteDatabase, Connection>()
  if (!isOwn) connections.set(database, db)
  const others = new Set<Connection>()
  let isOpen = true

  function refuseClosed(): void {
    if (!isOpen) throw new StorageError('closed', 'The SQLite storage was closed before this call')
  }

  function connectionTo(tx: SqliteDatabase): Connection {
    const known = connections.get(tx)
    if (known !== undefined) return known
    const made = connectionOf(tx)
    if (made.file === null || made.file !== db.file) {
      throw expected('tx', `a connection to ${db.file ?? 'the database in memory that this storage has'}`, made.file)
    }
    connections.set(tx, made)
    others.add(made)
    return made
  }

  const methods = methodsOver(ownSession(db, others, refuseClosed, checkFile))
  return {
    ...methods,
    traits,
    now() {
      const answer = methods.now()
      // The runner asks now and then, which is often enough for a storage that only reads.
      checkFile()
      return answer
    },
    watch(wake) {
      refuseClosed()
      const stop = watchLog(db, wake)
      stops.add(stop)
      return () => {
        stops.delete(stop)
        stop()
      }
    },
    doctor() {
      const { now } = methods.now()
      checkFile()
      return withMeaning(() => examine(db, names, now))
    },
    within(tx) {
      const session = sessionWithin(connectionTo(tx), refuseClosed)
      // Refuses now what each call would refuse later.
      session.read(() => {})
      return { ...methodsOver(session), traits }
    },
    close() {
      if (!isOpen) return
      isOpen = false
      for (const stop of stops) stop()
      if (isOwn) db.close()
    },
  }
}

function traitsOf(db: Connection): Traits {
  // Without a journal on disk, `kill -9` in the middle of a commit damages the file.
  const journal = db.all('pragma journal_mode')[0]?.[0]
  const durable = db.file !== null && journal !== 'memory' && journal !== 'off'
  const rowMaxBytes = 16 * 1024 * 1024
  return { durable, shared: db.file !== null, order: 'exact', batchMax: 1000, rowMaxBytes, lagMs: 0, leaseMs: 30_000 }
}
