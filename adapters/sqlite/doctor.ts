/** What is well and what is not with a database, in sentences for the one who runs it. */
import { type Finding, StorageError } from '../../src/storage/index.ts'
import type { Connection } from './connection.ts'
import { networkOf } from './open.ts'
import { missingOf, type Names, SCHEMA_VERSION, versionOf } from './schema.ts'

/** A clock before this was never set. The last second of 2019, in milliseconds. */
const CLOCK_LEAST = 1_577_836_799_000

/** `now` is the time by the database. */
export function examine(db: Connection, names: Names, now: number): Finding[] {
  return [schema(db, names), indexes(db, names), durability(db), journal(db), place(db), clock(now)]
}

function schema(db: Connection, names: Names): Finding {
  const about = 'schema'
  const version = versionFound(db, names)
  if (version === SCHEMA_VERSION) return { level: 'ok', about, message: `The tables are of version ${version}.` }
  const message =
    version === undefined
      ? `The table ${names.meta} has no schema version: another program made or changed it.`
      : `The tables are of version ${version} and this piecework knows ${SCHEMA_VERSION}: use one version in all processes.`
  return { level: 'error', about, message }
}

function versionFound(db: Connection, names: Names): number | undefined {
  try {
    return versionOf(db, names)
  } catch (error) {
    if (error instanceof StorageError) return undefined
    throw error
  }
}

function indexes(db: Connection, names: Names): Finding {
  const missing = missingOf(db, names)
  if (missing.length === 0) return { level: 'ok', about: 'indexes', message: 'All tables and indexes are there.' }
  const message = `The database lacks ${missing.join(', ')}, dropped by something else than piecework: restore a backup.`
  return { level: 'error', about: 'indexes', message }
}

function durability(db: Connection): Finding {
  const about = 'durability'
  if (db.file === null) {
    return { level: 'warning', about, message: 'The database is in memory: nothing in it outlives this process.' }
  }
  // 0 off, 1 normal, 2 full, 3 extra.
  const synchronous = Number(db.all('pragma synchronous')[0]?.[0])
  if (synchronous >= 2) {
    return { level: 'ok', about, message: 'Each commit is flushed to the disk before it is acknowledged.' }
  }
  const message =
    synchronous === 1
      ? 'synchronous is normal: a power cut may take the last commits, a crash of the process takes none.'
      : 'synchronous is off: a power cut may damage the file. Set `pragma synchronous = full`.'
  return { level: 'warning', about, message }
}

function journal(db: Connection): Finding {
  const about = 'journal'
  const mode = String(db.all('pragma journal_mode')[0]?.[0])
  if (db.file === null || mode === 'wal') return { level: 'ok', about, message: `The journal mode is ${mode}.` }
  const price =
    mode === 'off' || mode === 'memory'
      ? 'a process that is killed in a commit damages the file'
      : 'readers and writers block each other, and a worker hears of new tasks only when it polls'
  return {
    level: 'warning',
    about,
    message: `The journal mode is ${mode}: ${price}. Set \`pragma journal_mode = wal\`.`,
  }
}

function place(db: Connection): Finding {
  const about = 'place'
  const network = db.file === null ? undefined : networkOf(db.file)
  if (network === undefined) return { level: 'ok', about, message: 'The database is on no network file system.' }
  const message = `${db.file} is on a network file system (${network}), where SQLite's locks do not hold: move it to a disk.`
  return { level: 'error', about, message }
}

function clock(now: number): Finding {
  const told = `The time is this machine's clock, ${new Date(now).toISOString()}`
  if (now > CLOCK_LEAST) return { level: 'ok', about: 'clock', message: `${told}.` }
  return { level: 'warning', about: 'clock', message: `${told}, which was never set: what is due comes at odd times.` }
}
