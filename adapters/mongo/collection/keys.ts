/**
 * Keys as text and back. Documents have keys of any type, side by side, so the text says the type as well: no two keys
 * that a unique index tells apart have the same text.
 *
 * A string stands for itself, an integer is written in digits, an ObjectId in its 24 hexadecimal ones; a string that
 * looks like something else stands in quotes, and every other type is Extended JSON.
 */
type Bson = typeof import('mongodb').BSON

export interface Keys {
  textOf(key: unknown): string
  keyOf(text: string): unknown
}

const INTEGER = /^-?\d+$/
const OBJECT_ID = /^[0-9a-f]{24}$/
/** What a text of something that is no string may begin with or be. */
const NO_STRING = /^["{[]|^-?\d+(\.\d+)?(e[+-]\d+)?$|^(true|false|null)$|^[0-9a-f]{24}$/
const INT64_MAX = 2n ** 63n - 1n
const UUID_SUBTYPE = 4

export function keysWith({ EJSON, ObjectId }: Bson): Keys {
  return {
    textOf(key) {
      if (typeof key === 'string') return NO_STRING.test(key) ? JSON.stringify(key) : key
      const integer = integerOf(key)
      if (integer !== undefined) return integer
      switch (typeOf(key)) {
        case 'ObjectId':
          return String(key).toLowerCase()
        case 'Binary':
          // Another type than a string of the same digits.
          if (isUuid(key)) return JSON.stringify({ $uuid: key.toUUID().toString() })
      }
      return EJSON.stringify(key, { relaxed: true })
    },
    keyOf(text) {
      if (!NO_STRING.test(text)) return text
      if (OBJECT_ID.test(text)) return new ObjectId(text)
      if (INTEGER.test(text)) {
        const integer = BigInt(text)
        if (Number.isSafeInteger(Number(integer))) return Number(integer)
        return integer > INT64_MAX || integer < -INT64_MAX - 1n ? Number(integer) : integer
      }
      return text.startsWith('"') ? JSON.parse(text) : EJSON.parse(text, { relaxed: true })
    },
  }
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
