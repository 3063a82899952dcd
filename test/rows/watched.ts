/** A database that remembers which statements were asked of it, as text. */
import type { SqliteDatabase } from '../../adapters/sqlite/index.ts'

export function watched(db: SqliteDatabase): { readonly database: SqliteDatabase; readonly asked: Set<string> } {
  const asked = new Set<string>()
  const database = {
    prepare(sql: string) {
      asked.add(sql)
      return db.prepare(sql)
    },
    exec: (sql: string) => db.exec(sql),
    close: () => db.close(),
  }
  // As the driver calls it, by which it is known.
  const name = 'inTransaction' in db ? 'inTransaction' : 'isTransaction'
  Object.defineProperty(database, name, { get: () => Reflect.get(db, name) })
  return { database: database as SqliteDatabase, asked }
}
