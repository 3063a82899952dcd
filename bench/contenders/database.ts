/** Database files as all contenders get them: the same journal, the same flush, and no log left over from preparing. */
import { join } from 'node:path'
import Database from 'better-sqlite3'

export type Synchronous = 'normal' | 'full'

/** Pages in the log before a commit writes them back, as `sqlite(path)` sets it; all others get the same. */
const checkpointPages = 4000

export function fileIn(folder: string): string {
  return join(folder, 'work.db')
}

export function openDatabase(folder: string, synchronous: Synchronous): Database.Database {
  const db = new Database(fileIn(folder))
  db.pragma('journal_mode = wal')
  db.pragma(`synchronous = ${synchronous}`)
  db.pragma(`wal_autocheckpoint = ${checkpointPages}`)
  return db
}

/** Writes the log back into the file, so that the first commit that is measured does not do it. */
export function settleFile(folder: string): void {
  const db = new Database(fileIn(folder))
  db.pragma('wal_checkpoint(truncate)')
  db.close()
}
