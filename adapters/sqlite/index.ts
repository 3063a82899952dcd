/** The front door of `piecework/sqlite`. */
export type { BetterDatabase } from './better-sqlite3.ts'
export type { NodeDatabase } from './node-sqlite.ts'
export type { SqliteDatabase } from './open.ts'
export type { SqliteOptions } from './options.ts'
export { type SqliteStorage, sqlite } from './sqlite.ts'
export type { SqliteCondition, SqliteTableOptions } from './table/options.ts'
export { sqliteTable } from './table/sqlite-table.ts'
