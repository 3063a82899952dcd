/** A database that remembers which statements were asked of it, as text. */
import type { SqliteDatabase } from '../../adapters/sqlite/index.ts'

export function watched(db: SqliteDatabase): { readonly database: SqliteDatabase; readonly asked: Set<string> } {
  const asked = new Set<string>()
  const note = <T>(sql: string, ask: (sql: string) => T): T => {
    asked.add(sql)
    return ask(sql)
  }
  const database = {
    prepare: (sql: string) => note(sql, (text) => db.prepare(text)),
    exec: (sql: string) => note(sql, (text) => db.exec(text)),
    close: () => db.close(),
    ...('inTransaction' in db
      ? {
          get inTransaction() {
            return db.inTransaction
          },
        }
      : {
          get isTransaction() {
            return db.isTransaction
          },
        }),
  }
  return { database: database as SqliteDatabase, asked }
}
