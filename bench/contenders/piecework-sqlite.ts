/** Ours on SQLite: by a path on node:sqlite, or with a database of better-sqlite3 that is opened here. */
import { sqlite } from 'piecework/sqlite'
import { fileIn, openDatabase, type Synchronous, settleFile } from './database.ts'
import type { Home } from './piecework.ts'

export type Driver = 'node:sqlite' | 'better-sqlite3'

export function onSqlite(driver: Driver, synchronous: Synchronous) {
  return (folder: string): Home => {
    const db = driver === 'better-sqlite3' ? openDatabase(folder, synchronous) : undefined
    return {
      storage: sqlite(db ?? fileIn(folder), { synchronous }),
      settle: () => settleFile(folder),
      close: () => db?.close(),
    }
  }
}
