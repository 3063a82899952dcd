/** A hint that another process wrote: its commits change the write-ahead log, which the system can watch. */
import { watch as watchFile } from 'node:fs'
import type { Connection } from './connection.ts'

/** Never throws: where the log cannot be watched (no such file, no watches left in the system) there is no hint. */
export function watchLog(db: Connection, wake: () => void): () => void {
  if (db.file === null) return () => {}

  let seen = dataVersion(db)
  function wakeIfForeign(): void {
    const found = dataVersion(db)
    if (found === seen) return
    seen = found
    wake()
  }

  try {
    const watcher = watchFile(`${db.file}-wal`, { persistent: false }, wakeIfForeign)
    watcher.on('error', () => watcher.close())
    return () => watcher.close()
  } catch {
    return () => {}
  }
}

/** Changes with each commit of another connection and with none of this one; `null` where it cannot be told. */
function dataVersion(db: Connection): number | null {
  try {
    // Inside the app's transaction the question could fix what that transaction sees.
    if (db.isInTransaction()) return null
    return Number(db.all('pragma data_version')[0]?.[0])
  } catch {
    return null
  }
}
