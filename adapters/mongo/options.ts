/** What a MongoDB storage may be told, checked at the door. */

export interface MongoOptions {
  /**
   * What the names of the two collections begin with: `<prefix>row` and `<prefix>meta`.
   * @default 'piecework_'
   */
  readonly collectionPrefix?: string
  /**
   * How long one call may take, with all that it waits for: a server, a connection, a majority. Then it fails, and
   * unless nothing was sent that writes, its outcome is not known. Well below the lease, so that a beat that fails can
   * be repeated in time.
   * @default 10_000
   */
  readonly callTimeoutMs?: number
}

export interface CheckedOptions {
  readonly collectionPrefix: string
  readonly callTimeoutMs: number
}

/** What setTimeout and the server's own limits can take. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1

/** MongoDB bounds the length of a namespace and refuses `$`; dots would look like a collection of somebody else's. */
const PREFIX_PATTERN = /^[A-Za-z_][A-Za-z0-9_-]{0,49}$/

const known = ['collectionPrefix', 'callTimeoutMs']

export function checkOptions(options: MongoOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) throw expected('options', 'an object', options)
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new TypeError(`Expected \`options\` to hold only ${known.join(', ')}, got \`${unknown}\``)
  }
  const { collectionPrefix = 'piecework_', callTimeoutMs = 10_000 } = options
  if (typeof collectionPrefix !== 'string' || !PREFIX_PATTERN.test(collectionPrefix)) {
    const wanted = '1 to 50 letters, digits, underscores and hyphens that begin with a letter or an underscore'
    throw expected('collectionPrefix', wanted, collectionPrefix)
  }
  if (!Number.isInteger(callTimeoutMs) || callTimeoutMs < 1 || callTimeoutMs > TIMEOUT_MAX_MS) {
    throw expected('callTimeoutMs', `an integer from 1 to ${TIMEOUT_MAX_MS}`, callTimeoutMs)
  }
  return { collectionPrefix, callTimeoutMs }
}

export function expected(name: string, wanted: string, got: unknown): TypeError {
  return new TypeError(`Expected \`${name}\` to be ${wanted}, got \`${String(got)}\` (${typeof got})`)
}
