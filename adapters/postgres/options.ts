/** What a Postgres storage may be told, checked at the door. */

export interface PostgresOptions {
  /**
   * The schema that holds the tables, made when it is not there. At most 63 bytes, which is all that Postgres keeps of
   * a name. It is also the name of the channel that hints are sent through.
   * @default 'piecework'
   */
  readonly schema?: string
  /**
   * `true`: the tables are made, or brought up to date, by the first call. `false`: they must be there, made by
   * `storage.migrate()` or by hand with the text of `migrationSql()`; a role without rights to make tables is enough.
   * @default true
   */
  readonly migrate?: boolean
  /**
   * How long a call may take. It is also how long a call waits for a connection of the pool before it gives up with
   * `busy`, so a call ends within twice this time.
   * @default 10_000
   */
  readonly callTimeoutMs?: number
  /**
   * Whether `watch` listens for hints of other processes, on a connection of its own beside the pool. Behind a pooler
   * in transaction mode no hint arrives: name the server itself by its URL here, or turn it off and rely on polling.
   * @default true
   */
  readonly listen?: boolean | string
}

export interface CheckedOptions {
  readonly schema: string
  readonly migrate: boolean
  readonly callTimeoutMs: number
  readonly listen: boolean | string
}

/** `NAMEDATALEN - 1`: Postgres cuts a longer name without a word, and two schemas could then be one. */
const NAME_BYTES_MAX = 63

/** The longest timer there is. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1

const known = ['schema', 'migrate', 'callTimeoutMs', 'listen']

export function checkOptions(options: PostgresOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) throw expected('options', 'an object', options)
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new TypeError(`Expected \`options\` to hold only ${known.join(', ')}, got \`${unknown}\``)
  }
  const { schema = 'piecework', migrate = true, callTimeoutMs = 10_000, listen = true } = options
  checkSchema(schema)
  if (typeof migrate !== 'boolean') throw expected('migrate', 'a boolean', migrate)
  checkTimeout(callTimeoutMs)
  // The value may hold a password, so it is not repeated.
  if (typeof listen === 'string' ? !isPostgresUrl(listen) : typeof listen !== 'boolean') {
    throw new TypeError(
      `Expected \`listen\` to be a boolean or a URL that begins with postgres://, got another ${typeof listen}`,
    )
  }
  return { schema, migrate, callTimeoutMs, listen }
}

export function checkTimeout(callTimeoutMs: number): number {
  if (Number.isInteger(callTimeoutMs) && callTimeoutMs >= 1 && callTimeoutMs <= TIMEOUT_MAX_MS) return callTimeoutMs
  throw expected('callTimeoutMs', `an integer from 1 to ${TIMEOUT_MAX_MS}`, callTimeoutMs)
}

export function checkSchema(schema: string): void {
  const isName = typeof schema === 'string' && schema !== '' && schema.isWellFormed() && !schema.includes('\0')
  if (!isName || Buffer.byteLength(schema) > NAME_BYTES_MAX || /^pg_/.test(schema)) {
    throw expected('schema', `a name of 1 to ${NAME_BYTES_MAX} bytes that does not begin with \`pg_\``, schema)
  }
}

export function isPostgresUrl(value: string): boolean {
  return /^postgres(ql)?:\/\//.test(value)
}

export function expected(name: string, wanted: string, got: unknown): TypeError {
  return new TypeError(`Expected \`${name}\` to be ${wanted}, got \`${String(got)}\` (${typeof got})`)
}
