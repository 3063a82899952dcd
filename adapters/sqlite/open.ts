/** Gets a connection ready: opens a file, or takes the database that the app passes. */
import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { StorageError } from '../../src/storage/index.ts'
import { type BetterDatabase, betterDriver } from './better-sqlite3.ts'
import { type Connection, connect } from './connection.ts'
import { isBusy, withMeaning } from './errors.ts'
import { type NodeDatabase, nodeDriver, openNodeDatabase } from './node-sqlite.ts'
import { type CheckedOptions, expected } from './options.ts'
import { migrate, type Names, refuseNewer } from './schema.ts'

/** A database that an app may pass: of `node:sqlite` or of better-sqlite3. */
export type SqliteDatabase = NodeDatabase | BetterDatabase

/** Magic numbers of statfs(2). SQLite's locks and its shared memory do not work between the machines of a network. */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
])

/**
 * Pages in the log before a commit writes them back, 16 MB; SQLite's own 1000 flushes four times as often. Median CPU a
 * task 12.9 against 14.1 us on better-sqlite3, 12.8 against 13.1 on node:sqlite: a small gain, within the spread. A slow
 * reader can let the log grow beyond it.
 */
const CHECKPOINT_PAGES = 4000

/** How often the switch to WAL is tried while other processes open the same fresh file. */
const WAL_TRIES_MAX = 100

type ConnectionSettings = Omit<CheckedOptions, 'tablePrefix'>

export function openPath(path: string, options: CheckedOptions, names: Names): Connection {
  const { db } = openFile(path, options, {
    // Before the switch to WAL, which is a write.
    beforeWrite: (opened) => refuseNewer(opened, names),
    afterwards: (opened) => migrate(opened, names),
  })
  return db
}

export function adopt(database: SqliteDatabase, options: CheckedOptions, names: Names): Connection {
  return adoptDatabase(database, options, 'sqlite', (db) => {
    refuseNewer(db, names)
    migrate(db, names)
  })
}

/** Opens a file by its path and makes nothing in it; what `steps` throw closes it again. */
export function openFile(
  path: string,
  { synchronous, busyTimeoutMs }: ConnectionSettings,
  steps: { readonly beforeWrite?: (db: Connection) => void; readonly afterwards: (db: Connection) => void },
): { readonly db: Connection; readonly database: NodeDatabase } {
  if (path !== ':memory:') refuseNetwork(path)
  const database = withMeaning(() => openNodeDatabase(path))
  try {
    return withMeaning(() => {
      const db = connect(nodeDriver(database))
      db.exec(`pragma busy_timeout = ${busyTimeoutMs}`)
      steps.beforeWrite?.(db)
      if (db.file !== null) switchToWal(db)
      db.exec(`pragma synchronous = ${synchronous ?? 'full'}`)
      db.exec(`pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
      steps.afterwards(db)
      return { db, database }
    })
  } catch (error) {
    database.close()
    throw error
  }
}

/** The journal mode of a passed database stays as the app wants it: it is written into the file, for everybody. */
export function adoptDatabase(
  database: SqliteDatabase,
  { synchronous, busyTimeoutMs }: ConnectionSettings,
  by: string,
  afterwards: (db: Connection) => void,
): Connection {
  return withMeaning(() => {
    const db = connectionOf(database)
    if (db.isInTransaction()) {
      throw new StorageError('busy', `The database has a transaction open: pass it to \`${by}\` outside of one`)
    }
    const timeoutMs = Number(db.all('pragma busy_timeout')[0]?.[0])
    if (timeoutMs < busyTimeoutMs) db.exec(`pragma busy_timeout = ${busyTimeoutMs}`)
    if (synchronous !== undefined) db.exec(`pragma synchronous = ${synchronous}`)
    afterwards(db)
    return db
  })
}

export function connectionOf(database: SqliteDatabase): Connection {
  expectDatabase(database)
  return connect('inTransaction' in database ? betterDriver(database) : nodeDriver(database))
}

/** @throws TypeError */
export function expectDatabase(database: unknown): void {
  if (isDatabase(database)) return
  throw expected('database', 'a path, a DatabaseSync of node:sqlite or a Database of better-sqlite3', database)
}

function isDatabase(value: unknown): value is SqliteDatabase {
  if (typeof value !== 'object' || value === null) return false
  return ['prepare', 'exec', 'close'].every((method) => typeof Reflect.get(value, method) === 'function')
}

/**
 * Two connections that switch at once can block each other, and then SQLite answers busy without waiting. Waiting for
 * the write lock and trying again ends it: the first that gets through has switched for all.
 */
function switchToWal(db: Connection): void {
  for (let tries = 1; ; tries++) {
    try {
      const mode = db.all('pragma journal_mode = wal')[0]?.[0]
      if (mode === 'wal') return
      throw new StorageError('not_usable', `The database stays in journal mode ${mode} where WAL is needed`)
    } catch (error) {
      if (!isBusy(error) || tries === WAL_TRIES_MAX) throw error
      db.exec('begin immediate')
      db.exec('rollback')
    }
  }
}

function refuseNetwork(path: string): void {
  const found = networkOf(path)
  if (found === undefined) return
  throw new StorageError(
    'not_usable',
    `${path} is on a network file system (${found}), where SQLite's locks do not hold`,
  )
}

/** The kind of network file system that a file is on, if it is on one. */
export function networkOf(path: string): string | undefined {
  try {
    return NETWORK_FILE_SYSTEMS.get(statfsSync(dirname(path)).type)
  } catch {
    // No such folder, or no right to look: opening it says so in a better way.
    return undefined
  }
}
