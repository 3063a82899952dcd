/** The tables, their version, and the one transaction that makes or renews them. */
import { StorageError } from '../../src/storage/index.ts'
import type { PgClient } from './driver.ts'
import { INDEXES, type Names, namesFor } from './names.ts'
import { checkSchema } from './options.ts'
import { type Run, runOn } from './session.ts'

/** What makes each index, by its name. */
export function indexStatements({ row }: Names): ReadonlyMap<string, string> {
  return new Map([
    // tries and id stay in: rows of one bulk insert share wake_at, and without them each claim sorts them all.
    [
      INDEXES.due,
      `create index ${INDEXES.due} on ${row} (name, priority, wake_at, tries, id) where wake_at is not null`,
    ],
    [INDEXES.key, `create unique index ${INDEXES.key} on ${row} (key) where key is not null`],
    // With state: "is any part still open?" is one step among any number of finished ones.
    [INDEXES.parent, `create index ${INDEXES.parent} on ${row} (parent, state, id) where parent is not null`],
    [INDEXES.done, `create index ${INDEXES.done} on ${row} (done_at) where done_at is not null`],
  ])
}

/**
 * What brings a schema from version n to n + 1, at index n. A step that was released is never edited: a later version
 * adds one.
 *
 * Text compares by its bytes (`collate "C"`), as the contract orders it. Each task leaves two dead rows and their index
 * entries behind, so the table is cleaned when a fiftieth of it is dead and not a fifth.
 */
const MIGRATIONS: readonly ((names: Names) => readonly string[])[] = [
  (names) => [
    `create table ${names.meta} (name text primary key, value bigint not null)`,
    `create table ${names.row} (id text collate "C" primary key, name text collate "C" not null,
      state text collate "C" not null, priority smallint not null, wake_at bigint, rev bigint not null,
      tries bigint not null, holder text, key text collate "C", parent text collate "C", done_at bigint,
      input text not null, memo text not null)
      with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05)`,
    ...indexStatements(names).values(),
    `insert into ${names.meta} (name, value) values ('schema', 0)`,
  ],
]

/** The version that this code reads and writes. */
export const SCHEMA_VERSION = MIGRATIONS.length

/** How long a migration waits for another one, in times of a call. */
const MIGRATION_CALLS = 12

/**
 * The statements that make the tables, for those who run their migrations by hand. They do what `storage.migrate()`
 * does on a database that has no tables yet.
 */
export function migrationSql(options: { readonly schema?: string } = {}): string {
  const { schema = 'piecework' } = options
  checkSchema(schema)
  const names = namesFor(schema)
  const steps = MIGRATIONS.flatMap((step) => step(names))
  const statements = ['begin', `create schema if not exists ${names.schema}`, ...steps, recordVersion(names), 'commit']
  return statements.map((statement) => `${statement.replaceAll(/\n\s+/g, ' ')};\n`).join('')
}

/** Makes the tables or brings them up to date; a process that dies half-way leaves nothing. */
export async function migrate(client: PgClient, names: Names, limitMs: number): Promise<void> {
  const run: Run = (statement) => runOn(client, statement, limitMs * MIGRATION_CALLS)
  // Most starts find the tables there, and need no lock for it.
  if ((await versionOf(run, names)) === SCHEMA_VERSION) return
  await run({ text: 'begin', values: [] })
  try {
    // Of two processes that find no tables one waits here for the other. It ends with the transaction, so a pooler that
    // hands out sessions one transaction at a time does no harm.
    await run({ text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))', values: [`piecework ${names.schema}`] })
    const version = await versionOf(run, names)
    if (!(await hasSchema(run, names))) await run({ text: `create schema ${names.schema}`, values: [] })
    for (const step of MIGRATIONS.slice(version)) for (const text of step(names)) await run({ text, values: [] })
    await run({ text: recordVersion(names), values: [] })
    await run({ text: 'commit', values: [] })
  } catch (error) {
    // Where even this fails the connection is gone, and the transaction with it.
    await run({ text: 'rollback', values: [] }).catch(() => {})
    throw error
  }
}

/** Refuses tables that are not of this version, and makes nothing. */
export async function refuseOtherVersion(run: Run, names: Names): Promise<void> {
  const version = await versionOf(run, names)
  if (version === SCHEMA_VERSION) return
  const found =
    version === 0 ? 'has no tables yet' : `is of version ${version}, and this piecework needs ${SCHEMA_VERSION}`
  throw new StorageError('not_usable', `The schema ${names.schema} ${found}: run \`await storage.migrate()\` before`)
}

/** 0 where there are no tables yet. Refuses those of a later version. */
export async function versionOf(run: Run, names: Names): Promise<number> {
  // From the catalog's rows: `to_regclass` may answer from what this session remembers from before it waited for a lock.
  const text = `select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relname = 'meta'`
  const found = await run({ text, values: [names.channel] })
  if (found.length === 0) return 0
  const [answer] = await run({ text: `select value from ${names.meta} where name = 'schema'`, values: [] })
  if (answer?.[0] == null) {
    const cause = 'another program made or changed it'
    throw new StorageError('not_usable', `The table ${names.meta} has no schema version: ${cause}`)
  }
  const version = Number(answer[0])
  if (version <= SCHEMA_VERSION) return version
  throw new StorageError(
    'newer_schema',
    `The tables are of version ${version}, made by a later piecework; this one knows version ${SCHEMA_VERSION}. Nothing was written`,
  )
}

/** Asked before: `create schema if not exists` wants the right to make one even where it is there. */
async function hasSchema(run: Run, { channel: schema }: Names): Promise<boolean> {
  const found = await run({ text: 'select 1 from pg_catalog.pg_namespace where nspname = $1', values: [schema] })
  return found.length > 0
}

function recordVersion({ meta }: Names): string {
  return `update ${meta} set value = ${SCHEMA_VERSION} where name = 'schema'`
}
