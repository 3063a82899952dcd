/** What a memory storage may be told, checked at the door. */

export interface MemoryOptions {
  /**
   * The most rows in one call: a low one lets a test see paging and chunks.
   * @default 1000
   */
  readonly batchMax?: number
  /**
   * The most UTF-8 bytes of input and memo together.
   * @default 16777216
   */
  readonly rowMaxBytes?: number
}

const known = ['batchMax', 'rowMaxBytes']

export function checkOptions(options: MemoryOptions): Required<MemoryOptions> {
  if (typeof options !== 'object' || options === null) throw new TypeError('Expected `options` to be an object')
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new TypeError(`Expected \`options\` to hold only ${known.join(', ')}, got \`${unknown}\``)
  }
  return {
    batchMax: atLeastOne('batchMax', options.batchMax, 1000),
    rowMaxBytes: atLeastOne('rowMaxBytes', options.rowMaxBytes, 16 * 1024 * 1024),
  }
}

function atLeastOne(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new TypeError(`Expected \`${name}\` to be an integer from 1 and up, got \`${String(value)}\` (${typeof value})`)
}
