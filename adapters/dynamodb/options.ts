/** What a DynamoDB storage may be told, checked at the door. */

export interface DynamoOptions {
  /** The table's name, as `createTable` or your templates made it. */
  readonly table: string
  /**
   * Over how many partitions of the index the due rows of a name are spread, 1 to 64. One bears about 250 tasks a second
   * of one name; each costs one more request a poll for each name. It may be raised at any time (by the first process
   * that comes with more) and is never lowered: rows would be left where nobody looks.
   * @default 4
   */
  readonly shards?: number
  /**
   * `false` leaves rows out of the index by name, for one write unit less a task: `find` by names then reads the whole
   * table. What the first process of a table says stays.
   * @default true
   */
  readonly listing?: boolean
  /**
   * Finished tasks are removed by DynamoDB itself, free of charge, so many days after their end or some days later. They
   * then stay out of the index of finished rows, for one write unit less a task, so that a purge reads the whole table.
   * @default undefined: they stay until they are purged
   */
  readonly keepDoneDays?: number
  /**
   * How long one request may be tried again before its call fails, in milliseconds.
   * @default 10000
   */
  readonly timeoutMs?: number
}

export interface CheckedOptions {
  readonly table: string
  readonly shards: number
  readonly listing: boolean
  readonly keepDoneDays: number | undefined
  readonly timeoutMs: number
}

/** Names as DynamoDB allows them, or the ARN of a table. */
const TABLE_PATTERN = /^([A-Za-z0-9_.-]{3,255}|arn:[\x21-\x7e]{10,1000})$/

const SHARDS_MAX = 64
const TIMEOUT_MAX_MS = 600_000
const DAYS_MAX = 36_500

const known = ['table', 'shards', 'listing', 'keepDoneDays', 'timeoutMs']

export function checkOptions(options: DynamoOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) throw expected('options', 'an object with `table`', options)
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new TypeError(`Expected \`options\` to hold only ${known.join(', ')}, got \`${unknown}\``)
  }
  const { shards = 4, listing = true, keepDoneDays, timeoutMs = 10_000 } = options
  if (!isWhole(shards, 1, SHARDS_MAX)) throw expected('shards', `an integer from 1 to ${SHARDS_MAX}`, shards)
  if (typeof listing !== 'boolean') throw expected('listing', 'a boolean', listing)
  if (keepDoneDays !== undefined && !(typeof keepDoneDays === 'number' && keepDoneDays > 0 && keepDoneDays <= DAYS_MAX))
    throw expected('keepDoneDays', `a number above 0, up to ${DAYS_MAX}`, keepDoneDays)
  if (!isWhole(timeoutMs, 1, TIMEOUT_MAX_MS))
    throw expected('timeoutMs', `an integer from 1 to ${TIMEOUT_MAX_MS}`, timeoutMs)
  return { table: checkTable(options.table), shards, listing, keepDoneDays, timeoutMs }
}

export function checkTable(table: unknown): string {
  if (typeof table === 'string' && TABLE_PATTERN.test(table)) return table
  throw expected('table', "a table's name (3 to 255 letters, digits, `_`, `.` and `-`) or its ARN", table)
}

export function expected(name: string, wanted: string, got: unknown): TypeError {
  return new TypeError(`Expected \`${name}\` to be ${wanted}, got \`${String(got)}\` (${typeof got})`)
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}
