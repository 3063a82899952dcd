/** What an SQLite storage may be told, checked at the door. */

/** How a connection is to behave. */
export interface ConnectionOptions {
  /**
   * `full`: what was acknowledged outlives a power cut. `normal`: it outlives `kill -9` of the process, but a power cut
   * may take the last commits; several times as fast on a disk that takes its time to flush. A database that the app
   * passes keeps its own setting unless this option is given.
   * @default 'full'
   */
  readonly synchronous?: 'full' | 'normal'
  /**
   * How long a call waits, blocking this process, for another process to end its write. A longer timeout that a passed
   * database has already stays; a shorter one is raised.
   * @default 5000
   */
  readonly busyTimeoutMs?: number
}

export interface SqliteOptions extends ConnectionOptions {
  /**
   * What the names of the tables and indexes begin with.
   * @default 'piecework_'
   */
  readonly tablePrefix?: string
}

export interface CheckedOptions {
  readonly synchronous: 'full' | 'normal' | undefined
  readonly busyTimeoutMs: number
  readonly tablePrefix: string
}

/** SQLite takes the timeout as a C int. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1

/** A bound on what goes into the text of every statement. */
const PREFIX_PATTERN = /^[A-Za-z_][A-Za-z0-9_]{0,49}$/

const known = ['synchronous', 'busyTimeoutMs', 'tablePrefix']

export function checkOptions(options: SqliteOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) throw expected('options', 'an object', options)
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new TypeError(`Expected \`options\` to hold only ${known.join(', ')}, got \`${unknown}\``)
  }
  const { tablePrefix = 'piecework_' } = options
  if (typeof tablePrefix !== 'string' || !PREFIX_PATTERN.test(tablePrefix) || /^sqlite_/i.test(tablePrefix)) {
    const wanted = '1 to 50 letters, digits and underscores that begin with no digit and not with `sqlite_`'
    throw expected('tablePrefix', wanted, tablePrefix)
  }
  return { ...checkConnection(options), tablePrefix }
}

/** What is the same for a storage and for a table of the user's own. */
export function checkConnection({
  synchronous,
  busyTimeoutMs = 5000,
}: ConnectionOptions): Omit<CheckedOptions, 'tablePrefix'> {
  if (synchronous !== undefined && synchronous !== 'full' && synchronous !== 'normal') {
    throw expected('synchronous', "'full' or 'normal'", synchronous)
  }
  if (!Number.isInteger(busyTimeoutMs) || busyTimeoutMs < 0 || busyTimeoutMs > TIMEOUT_MAX_MS) {
    throw expected('busyTimeoutMs', `an integer from 0 to ${TIMEOUT_MAX_MS}`, busyTimeoutMs)
  }
  return { synchronous, busyTimeoutMs }
}

export function expected(name: string, wanted: string, got: unknown): TypeError {
  return new TypeError(`Expected \`${name}\` to be ${wanted}, got \`${String(got)}\` (${typeof got})`)
}
