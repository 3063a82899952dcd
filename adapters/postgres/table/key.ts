/** The types that a key may have, and its one form as text: two spellings of a key would be two rows. */

export interface KeyType {
  /** What the text is cast to, so that the index of the key is used. */
  readonly cast: string
  /** The text as the database writes it, or `undefined` for what cannot be a key of this type. */
  textOf(key: string): string | undefined
}

export const keyTypes: ReadonlyMap<string, KeyType> = new Map([
  ['uuid', { cast: 'uuid', textOf: uuidText }],
  ['int2', integerOf('smallint', 15n)],
  ['int4', integerOf('integer', 31n)],
  ['int8', integerOf('bigint', 63n)],
  ['text', { cast: 'text', textOf: plainText }],
  ['varchar', { cast: 'text', textOf: plainText }],
])

function integerOf(cast: string, bits: bigint): KeyType {
  const end = 2n ** bits
  return {
    cast,
    textOf(key) {
      if (!/^-?\d{1,30}$/.test(key)) return undefined
      const value = BigInt(key)
      return value >= -end && value < end ? String(value) : undefined
    },
  }
}

/** As Postgres reads it: in capitals, in braces, with or without the dashes. */
function uuidText(key: string): string | undefined {
  const digits = key.toLowerCase().replaceAll(/[-{}]/g, '')
  if (!/^[\da-f]{32}$/.test(digits)) return undefined
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** Postgres holds no NUL, and what is not well formed would become another text. */
export function plainText(key: string): string | undefined {
  return key.includes('\0') || !key.isWellFormed() ? undefined : key
}
