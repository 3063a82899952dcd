/** The front door of `piecework/postgres`. */
export type { PgAnswer, PgClient, PgPool, PgPoolClient, PgQuery } from './driver.ts'
export type { PostgresOptions } from './options.ts'
export { type PostgresStorage, postgres } from './postgres.ts'
export { migrationSql } from './schema.ts'
export type { PostgresCondition, PostgresTableOptions } from './table/options.ts'
export { type PgQueryPool, postgresTable } from './table/table.ts'
