/** What a `pg` pool must offer to be used here, and how one is made from a URL. */
import { StorageError } from '../../src/storage/index.ts'
import { expected, isPostgresUrl } from './options.ts'

/** A statement as it is handed to the driver. */
export interface PgQuery {
  readonly text: string
  readonly values: unknown[]
  readonly rowMode: 'array'
  readonly types: { getTypeParser(): (text: string) => string }
}

/** What comes of a statement. */
export interface PgAnswer {
  readonly rows: unknown[]
  readonly rowCount: number | null
  /** What the columns of the rows are. */
  readonly fields?: readonly { readonly name: string; readonly dataTypeID: number }[]
}

/** A connection, as far as it is used: `pg.Client`, `pg.PoolClient` and what is made after them. */
export interface PgClient {
  query(query: PgQuery): Promise<PgAnswer>
  on(event: 'error', listener: (error: Error) => void): unknown
  off(event: 'error', listener: (error: Error) => void): unknown
}

/** A connection that goes back to its pool. */
export interface PgPoolClient extends PgClient {
  /** With an error, the pool throws the connection away. */
  release(error?: Error): void
}

/** A pool, as far as it is used: `pg.Pool`, and pools of that shape such as the one of `@neondatabase/serverless`. */
export interface PgPool {
  connect(): Promise<PgPoolClient>
  on(event: 'error', listener: (error: Error) => void): unknown
  off(event: 'error', listener: (error: Error) => void): unknown
}

/** A connection outside of any pool, to listen on. */
export interface PgListener extends PgClient {
  connect(): Promise<unknown>
  end(): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'notification' | 'end', listener: () => void): unknown
}

export interface OwnPool extends PgPool {
  end(): Promise<void>
}

/** Turns the text of a value into what the app gets of it. */
export type Parser = (text: string) => unknown

/** The parsers that the app gets its values by on this connection, which it may have set for itself or for everybody. */
export async function parsersOf(client: PgClient, types: readonly number[]): Promise<Parser[]> {
  const own: unknown = Reflect.get(client, 'getTypeParser')
  const { types: everybodys } = typeof own === 'function' ? {} : await driver()
  return types.map((type) =>
    typeof own === 'function' ? own.call(client, type, 'text') : everybodys?.getTypeParser(type, 'text'),
  )
}

type ListenerClass = new (config: object) => PgListener

/**
 * A dead peer is noticed by TCP even while no statement runs. Idle connections do not hold a process that is done,
 * and a few are enough: a worker makes one call at a time of each kind.
 */
const OWN_POOL = { max: 10, keepAlive: true, keepAliveInitialDelayMillis: 10_000, allowExitOnIdle: true }

async function driver() {
  try {
    // CommonJS under its default: bundlers and Node agree on that name alone.
    return (await import('pg')).default
  } catch (error) {
    throw new StorageError('missing_driver', 'Install `pg` to use piecework/postgres', { cause: error })
  }
}

export async function openPool(url: string, connectTimeoutMs: number): Promise<OwnPool> {
  const { Pool } = await driver()
  return new Pool({ ...OWN_POOL, connectionString: url, connectionTimeoutMillis: connectTimeoutMs })
}

/** Makes a connection to listen on: to the URL, or to where the pool's own connections go. */
export async function openListener(from: string | PgPool, connectTimeoutMs: number): Promise<PgListener | undefined> {
  const timing = { keepAlive: true, keepAliveInitialDelayMillis: 10_000, connectionTimeoutMillis: connectTimeoutMs }
  if (typeof from === 'string') {
    const { Client } = await driver()
    return new Client({ ...timing, connectionString: from }) as PgListener
  }
  // A connection of the pool would be missing there for as long as it listens, and a pool of one would stand still.
  const Client: unknown = Reflect.get(from, 'Client')
  const options: unknown = Reflect.get(from, 'options')
  if (typeof Client !== 'function' || typeof options !== 'object' || options === null) return undefined
  // Not copied by a spread: the pool keeps its password where a spread does not see it.
  const config: object = Object.defineProperties({}, Object.getOwnPropertyDescriptors(options))
  return new (Client as ListenerClass)(Object.assign(config, timing))
}

export function checkPool(pool: string | PgPool): void {
  if (typeof pool === 'string') {
    // The value may hold a password, so it is not repeated.
    if (!isPostgresUrl(pool))
      throw new TypeError('Expected `pool` to be a URL that begins with postgres://, got another string')
    return
  }
  if (!hasMethods(pool, ['connect', 'on', 'off'])) throw expected('pool', 'a Pool of `pg` or a URL', pool)
}

export function checkClient(client: PgClient): void {
  if (!hasMethods(client, ['query', 'on', 'off'])) throw expected('client', 'a client of `pg`', client)
  // A pool has `query` as well, but each of its queries may run on another connection.
  if ('totalCount' in client) throw new TypeError('Expected `client` to be one connection, got a pool')
}

function hasMethods(value: unknown, methods: readonly string[]): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    methods.every((name) => typeof Reflect.get(value, name) === 'function')
  )
}
