/**
 * Keys as text and back. Documents may have keys of any type, side by side, so the text says the type as well: no two
 * keys that a unique index tells apart have the same text.
 *
 * A string stands for itself, an integer is written in digits, an ObjectId in its 24 hexadecimal ones; a string that
 * looks like something else stands in quotes, and every other type is Extended JSON. Where keys are strings, digits are
 * a string as well, and it is the rare number that is written in Extended JSON.
 */
type Bson = typeof import('mongodb').BSON

export interface Keys {
  textOf(key: unknown): string
  keyOf(text: string): unknown
}

const INTEGER = /^-?\d+$/
const OBJECT_ID = /^[0-9a-f]{24}$/
/** What the text of something that is no string begins with or is: where keys are strings, and elsewhere. */
const NO_STRING_AMONG_STRINGS = /^["{[]|^(true|false|null)$/
const NO_STRING = /^["{[]|^-?\d+(\.\d+)?(e[+-]\d+)?$|^(true|false|null)$|^[0-9a-f]{24}$/
const INT64_MAX = 2n ** 63n - 1n
const UUID_SUBTYPE = 4

/** `areStrings`: all keys that were seen are. */
export function keysWith({ EJSON, ObjectId }: Bson, areStrings: boolean): Keys {
  const noString = areStrings ? NO_STRING_AMONG_STRINGS : NO_STRING
  return {
    textOf(key) {
      if (typeof key === 'string') return noString.test(key) ? JSON.stringify(key) : key
      const integer = integerOf(key)
      if (integer !== undefined) return areStrings ? JSON.stringify({ $numberLong: integer }) : integer
      if (!areStrings && typeOf(key) === 'ObjectId') return String(key).toLowerCase()
      if (isUuid(key)) return JSON.stringify({ $uuid: key.toUUID().toString() })
      return EJSON.stringify(key, { relaxed: !areStrings })
    },
    keyOf(text) {
      if (!noString.test(text)) return text
      if (OBJECT_ID.test(text)) return new ObjectId(text)
      if (INTEGER.test(text)) return numberOf(text)
      if (text.startsWith('"')) return JSON.parse(text)
      const key = EJSON.parse(text, { relaxed: true })
      return typeOf(key) === 'Long' ? numberOf(String(key)) : key
    },
  }
}

/** A `bigint` is sent as a long; what is longer can only be a double. */
function numberOf(digits: string): number | bigint {
  const integer = BigInt(digits)
  if (Number.isSafeInteger(Number(integer))) return Number(integer)
  return integer > INT64_MAX || integer < -INT64_MAX - 1n ? Number(integer) : integer
}

/** The server compares numbers by their value, whatever their type. */
function integerOf(key: unknown): string | undefined {
  if (typeof key === 'bigint') return String(key)
  if (typeof key === 'number') return integerText(key)
  switch (typeOf(key)) {
    case 'Int32':
    case 'Double':
      return integerText(Number(key))
    case 'Long':
    case 'Decimal128':
      return INTEGER.test(String(key)) ? String(key) : undefined
  }
  return undefined
}

function integerText(value: number): string | undefined {
  return Number.isInteger(value) ? String(BigInt(value)) : undefined
}

/** A key of one value. What is none is refused where it comes from the app; in a document it has a text as well. */
export function isScalar(key: unknown): boolean {
  if (typeof key !== 'object') return ['string', 'number', 'bigint', 'boolean'].includes(typeof key)
  return typeOf(key) !== undefined || key instanceof Date || key instanceof Uint8Array
}

/** By name: the driver of the app may be another copy than the one that is found from here. */
function typeOf(key: unknown): unknown {
  return typeof key === 'object' && key !== null ? Reflect.get(key, '_bsontype') : undefined
}

function isUuid(key: unknown): key is { toUUID(): object } {
  return typeof key === 'object' && key !== null && Reflect.get(key, 'sub_type') === UUID_SUBTYPE && 'toUUID' in key
}
