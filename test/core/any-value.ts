/** Values of every kind that a caller may pass, faithful to JSON or not; and what "came back equal" means. */
import fc from 'fast-check'

/** Any UTF-16 code units at all: NUL, lone surrogates, noncharacters, right-to-left marks. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom('\0', '\ud83d', '\ude00', '\ufffe', '\u202e', 'e\u0301', '\u00e9', '😀', '', '\u2028', '"\\\n'),
)

/** Names of properties, those that have a meaning in the language among them. */
export const anyKey = fc.oneof(
  anyText,
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toJSON', 'toString', 'length', '0', '-0'),
)

class Point {
  x = 1
}

class List extends Array<number> {}

function extraProperty(): number[] {
  return Object.assign([1, 2], { extra: 3 })
}

function holeAndProperty(): number[] {
  const list = Object.assign([1, 2, 3], { extra: 4 })
  delete list[1]
  return list
}

/** What JSON.stringify would change without a word, or throw at. */
const unfaithful = fc.oneof(
  fc.constantFrom<unknown>(undefined, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 10n),
  fc
    .constantFrom<() => unknown>(
      () => Symbol('s'),
      () => () => 1,
      () => new Date(0),
      () => new Date(Number.NaN),
      () => new Map([[1, 2]]),
      () => new Set([1]),
      () => /x/,
      () => Buffer.from('x'),
      () => new Float64Array(1),
      () => new ArrayBuffer(1),
      () => new Point(),
      () => new List(),
      () => Object.create(null),
      () => new Error('x'),
      () => Object('boxed'),
      () => extraProperty(),
      () => holeAndProperty(),
      () => new Array(3),
      () => ({ [Symbol('key')]: 1 }),
      () => Promise.resolve(1),
      () => new WeakMap(),
    )
    .map((make) => make()),
)

const leaf = fc.oneof(
  { weight: 8, arbitrary: fc.oneof(anyText, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer()) },
  { weight: 4, arbitrary: fc.constantFrom(null, true, false, 0, -0, 5e-324, 1e21, Number.MAX_SAFE_INTEGER + 2) },
  { weight: 1, arbitrary: unfaithful },
)

const tree = fc.letrec<{ value: unknown; list: unknown[]; record: unknown }>((tie) => ({
  value: fc.oneof({ depthSize: 'small', maxDepth: 8, withCrossShrink: true }, leaf, tie('list'), tie('record')),
  list: fc.array(tie('value'), { maxLength: 5 }),
  record: fc.dictionary(anyKey, tie('value'), { maxKeys: 5, noNullPrototype: true }),
})).value

/** Mostly plain trees with here and there something unfaithful, and whatever else fast-check can think of. */
export const anyValue = fc.oneof(
  { weight: 3, arbitrary: tree },
  {
    weight: 1,
    arbitrary: fc.anything({
      key: anyKey,
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withObjectString: true,
      withSparseArray: true,
      withTypedArray: true,
    }),
  },
)

/** Whether two values are equal: leaves by Object.is, the same prototypes; a property that is undefined is absent. */
export function same(a: unknown, b: unknown): boolean {
  if (!isObject(a) || !isObject(b)) return Object.is(a, b)
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  if (Array.isArray(a) && a.length !== Reflect.get(b, 'length')) return false
  const keys = present(a)
  return keys.length === present(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]))
}

/** Whether this alone, without what it holds, is something that JSON keeps. */
export function isPlain(value: unknown): boolean {
  if (!isObject(value)) {
    if (typeof value === 'number') return Number.isFinite(value)
    return value === null || typeof value === 'string' || typeof value === 'boolean'
  }
  if (Object.getOwnPropertySymbols(value).length > 0) return false
  if (!Array.isArray(value)) return Object.getPrototypeOf(value) === Object.prototype
  const dense = Object.keys(value).every((key, index) => key === String(index))
  return Object.getPrototypeOf(value) === Array.prototype && dense && Object.keys(value).length === value.length
}

/** What stands at a path such as `$.items[3]["odd key"]`. Undefined where nothing does. */
export function valueAt(root: unknown, path: string): unknown {
  const step = /\.([A-Za-z_$][\w$]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y
  step.lastIndex = 1
  let at = root
  while (step.lastIndex < path.length) {
    const from = step.lastIndex
    const match = step.exec(path)
    if (!match || !isObject(at)) throw new Error(`The path ${path} leads nowhere from ${from}`)
    const shown = match[1] ?? match[2] ?? String(JSON.parse(match[3] ?? '""'))
    // A name is shown up to its hundredth character.
    const key =
      Object.keys(at).find((name) => name === shown || (shown.length === 100 && name.startsWith(shown))) ?? shown
    if (!Object.hasOwn(at, key) && !Array.isArray(at)) throw new Error(`The path ${path} names nothing at ${from}`)
    at = Object.hasOwn(at, key) ? at[key] : undefined
  }
  return at
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function present(value: Record<string, unknown>): string[] {
  return Object.keys(value).filter((key) => value[key] !== undefined)
}
