/** What the storage finds when it looks at itself and at the server. */
import { type Finding, StorageError } from '../../src/storage/index.ts'
import type { PgListener } from './driver.ts'
import { messageOf } from './errors.ts'
import type { OpenListener } from './listen.ts'
import { listenOn } from './listen.ts'
import { NOW } from './methods.ts'
import type { Names } from './names.ts'
import { indexStatements, SCHEMA_VERSION } from './schema.ts'
import { ignore, type Run } from './session.ts'
import { machineNow, within } from './time.ts'

export interface Examined {
  readonly run: Run
  /** Makes the tables ready, as every call does. */
  readonly ready: () => Promise<void>
  readonly names: Names
  /** `undefined` where the app wants no hints. */
  readonly openHearing: OpenListener | undefined
  readonly limitMs: number
}

const VERSION_LEAST = 130_000
const OFFSET_MAX_MS = 5_000
const HEARING_MS = 2_000

export async function examine(examined: Examined): Promise<Finding[]> {
  const { run, names } = examined
  // The first question throws where there is no server to look at.
  const settings = await settingsOf(run)
  const found = [...aboutServer(settings), aboutDurability(settings), await aboutClock(run)]
  const schema = await aboutSchema(examined)
  found.push(schema)
  if (schema.level === 'ok') found.push(await aboutIndexes(run, names), await aboutRights(run, names))
  found.push(await aboutHints(examined))
  return found
}

type Settings = Readonly<Record<string, string | null>>

const SETTINGS = ['server_version', 'server_version_num', 'server_encoding', 'fsync', 'full_page_writes'].concat([
  'synchronous_commit',
  'transaction_read_only',
  'default_transaction_isolation',
  'autovacuum',
  'track_counts',
])

async function settingsOf(run: Run): Promise<Settings> {
  const text = 'select name, current_setting(name) from unnest($1::text[]) name'
  return Object.fromEntries(await run({ text, values: [SETTINGS] }))
}

function aboutServer(settings: Settings): Finding[] {
  const version = `Postgres ${settings.server_version}`
  const found: Finding[] = []
  if (Number(settings.server_version_num) < VERSION_LEAST) {
    found.push(finding('error', 'server', `${version} is too old; this adapter needs 13 or later`))
  } else found.push(finding('ok', 'server', `${version} is new enough`))
  if (settings.server_encoding !== 'UTF8') {
    const needs = 'some texts cannot be stored; use a database with the encoding UTF8'
    found.push(finding('error', 'encoding', `The database has the encoding ${settings.server_encoding}: ${needs}`))
  }
  if (settings.transaction_read_only !== 'off') {
    found.push(finding('error', 'server', 'The server takes no writes: it is a standby, or set to read only'))
  }
  if (settings.default_transaction_isolation !== 'read committed') {
    const isolation = settings.default_transaction_isolation
    const cure = 'set default_transaction_isolation of this role to `read committed`'
    found.push(
      finding('warning', 'isolation', `With ${isolation} as the default, contending calls are repeated: ${cure}`),
    )
  }
  if (settings.autovacuum !== 'on' || settings.track_counts !== 'on') {
    const harm = 'each task leaves two dead rows, and claims slow down as they pile up'
    found.push(finding('warning', 'autovacuum', `Autovacuum is off: ${harm}; turn autovacuum and track_counts on`))
  }
  return found
}

function aboutDurability(settings: Settings): Finding {
  const risks: string[] = []
  if (settings.fsync === 'off') risks.push('with fsync off a power cut may damage the database')
  if (settings.full_page_writes === 'off') risks.push('with full_page_writes off a power cut may damage pages')
  if (settings.synchronous_commit === 'off') {
    risks.push('with synchronous_commit off a crash of the server takes what it acknowledged last')
  }
  if (risks.length === 0) return finding('ok', 'durability', 'What is acknowledged is on disk')
  return finding(
    'warning',
    'durability',
    `Acknowledged work can be lost: ${risks.join('; ')}. Turn it on for this role`,
  )
}

async function aboutClock(run: Run): Promise<Finding> {
  const before = machineNow()
  const [answer] = await run({ text: NOW, values: [] })
  const after = machineNow()
  // The answer was made at some instant between the two.
  const offsetMs = Math.round(Number(answer?.[0]) - (before + after) / 2)
  const offset = `The server's clock is ${Math.abs(offsetMs)} ms ${offsetMs < 0 ? 'behind' : 'ahead of'} this machine's`
  if (Math.abs(offsetMs) - (after - before) / 2 <= OFFSET_MAX_MS) return finding('ok', 'clock', offset)
  return finding('warning', 'clock', `${offset}: work goes by the server's, logs by this one's. Synchronise both`)
}

async function aboutSchema({ ready, names }: Examined): Promise<Finding> {
  try {
    await ready()
    return finding('ok', 'schema', `The tables in ${names.schema} are of version ${SCHEMA_VERSION}`)
  } catch (error) {
    if (!(error instanceof StorageError) || !['not_usable', 'newer_schema'].includes(error.code)) throw error
    return finding('error', 'schema', error.message)
  }
}

async function aboutIndexes(run: Run, names: Names): Promise<Finding> {
  const text = `select c.relname from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
    where i.indrelid = $1::regclass and i.indisvalid and i.indisready`
  const there = new Set((await run({ text, values: [names.row] })).map(([name]) => name))
  const missing = [...indexStatements(names)].filter(([name]) => !there.has(name))
  if (missing.length === 0) return finding('ok', 'indexes', `${there.size} indexes are there and valid`)
  const cure = missing
    .map(([name, statement]) => `drop index if exists ${names.schema}.${name}; ${statement}`)
    .join('; ')
  return finding(
    'error',
    'indexes',
    `Missing or not valid: ${missing.map(([name]) => name).join(', ')}. Run \`${cure}\``,
  )
}

async function aboutRights(run: Run, { row, meta }: Names): Promise<Finding> {
  const text = `select name from unnest(array['select', 'insert', 'update', 'delete']) name
    where not has_table_privilege($1, name) union all select 'select of the version' where not has_table_privilege($2, 'select')`
  const lacking = (await run({ text, values: [row, meta] })).map(([name]) => name)
  if (lacking.length === 0) return finding('ok', 'rights', 'This role may read and write the tables')
  return finding('error', 'rights', `This role lacks ${lacking.join(', ')} on ${row}: grant it`)
}

/** A pooler takes `listen` without complaint and then delivers nothing: only a notification that arrives is a proof. */
async function aboutHints({ run, names, openHearing, limitMs }: Examined): Promise<Finding> {
  if (openHearing === undefined)
    return finding('ok', 'hints', 'Turned off; work of other processes is found by polling')
  let client: PgListener | undefined
  const polling = 'Work of other processes is found by polling alone'
  try {
    client = await openHearing()
    if (client === undefined)
      return finding('warning', 'hints', `${polling}: this pool makes no connection to listen on`)
    const hearing = client
    const heard = new Promise<void>((resolve, reject) => {
      listenOn(hearing, names.channel, limitMs, resolve)
        .then(() => run({ text: `select pg_notify($1, '')`, values: [names.channel] }))
        .catch(reject)
    })
    await within(heard, limitMs + HEARING_MS, () => new Error('no notification arrived, as behind a pooler'))
    return finding('ok', 'hints', 'A notification arrives')
  } catch (error) {
    const cure = 'give `listen` the URL of the server itself, or `false`'
    return finding('warning', 'hints', `${polling}: ${messageOf(error)}; ${cure}`)
  } finally {
    if (client) await within(client.end(), limitMs, () => new Error('late')).catch(ignore)
  }
}

function finding(level: Finding['level'], about: string, message: string): Finding {
  return { level, about, message }
}
