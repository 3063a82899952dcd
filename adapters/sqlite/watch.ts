/** A hint that another process wrote: its commits change the write-ahead log, which the system can watch. */
import { watch as watchFile } from 'node:fs'
import type { Connection } from './connection.ts'

/** Never throws: where the log cannot be watched (no such file, no watches left in the system) there is no hint. */
export function watchLog(db: Connection, wake: () => void): () => void {
  if (db.file === null) return () => {}

  let seen = look(db)
  function wakeUnlessOurs(): void {
    const found = look(db)
    const isForeign = found.version !== seen.version
    // Neither committed by another nor written here: the other one is about to commit, and no second event may follow.
    const isUnderWay = found.changes === seen.changes
    seen = found
    if (isForeign || isUnderWay) wake()
  }

  try {
    const watcher = watchFile(`${db.file}-wal`, { persistent: false }, wakeUnlessOurs)
    watcher.on('error', () => watcher.close())
    return () => watcher.close()
  } catch {
    return () => {}
  }
}

/** `version` changes with each commit of another connection alone, `changes` with each row that this one wrote. */
function look(db: Connection): { readonly version: unknown; readonly changes: unknown } {
  try {
    // Inside the app's transaction the question could fix what that transaction sees.
    if (db.isInTransaction()) return { version: null, changes: null }
    return { version: db.all('pragma data_version')[0]?.[0], changes: db.all('select total_changes()')[0]?.[0] }
  } catch {
    return { version: null, changes: null }
  }
}
