/** The front door of `piecework/postgres`. */
export type { PgClient, PgPool, PgPoolClient, PgQuery } from './driver.ts'
export type { PostgresOptions } from './options.ts'
export { type PostgresStorage, postgres } from './postgres.ts'
export { migrationSql } from './schema.ts'
