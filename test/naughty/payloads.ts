/** Values that have broken stores before, each with the one verdict that all adapters must give. */

/** `same`: the handler and every reader get an equal value. `refused`: a PayloadError at the door, with nothing stored. */
export type Verdict = 'same' | 'refused'

export interface Naughty {
  readonly label: string
  readonly make: () => unknown
  readonly verdict: Verdict
  /** What comes back, where that is not the value itself. */
  readonly is?: unknown
}

class Point {
  x = 1
}

function deep(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = [value]
  return value
}

function cycle(): unknown {
  const loop: unknown[] = []
  loop.push(loop)
  return loop
}

function getterThatThrows(): unknown {
  return Object.defineProperty({}, 'a', {
    enumerable: true,
    get() {
      throw new Error('read')
    },
  })
}

const refused = (label: string, make: () => unknown): Naughty => ({ label, make, verdict: 'refused' })
const same = (label: string, value: unknown): Naughty => ({ label, make: () => value, verdict: 'same' })

export const naughtyPayloads: readonly Naughty[] = [
  // PL-01: what JSON drops or bends.
  {
    label: 'PL-01 undefined in a field, which is no field',
    make: () => ({ a: undefined, b: 1 }),
    verdict: 'same',
    is: { b: 1 },
  },
  refused('PL-01 undefined in a list', () => [undefined]),
  refused('PL-01 a function', () => ({ a: () => 1 })),
  refused('PL-01 a symbol', () => [Symbol('s')]),
  refused('PL-01 NaN', () => [Number.NaN]),
  refused('PL-01 Infinity', () => ({ a: Number.POSITIVE_INFINITY })),
  refused('PL-01 -Infinity', () => ({ a: Number.NEGATIVE_INFINITY })),
  refused('PL-01 a list with a hole', () => Array(3)),
  same('PL-01 -0', [-0]),
  same('PL-01 the greatest and the smallest numbers', [Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 53, -(2 ** 53), 1e-7]),
  // PL-02: what JSON makes something else of.
  refused('PL-02 a BigInt', () => [10n]),
  refused('PL-02 a Date', () => new Date(0)),
  refused('PL-02 an invalid Date', () => new Date(Number.NaN)),
  refused('PL-02 a Map', () => new Map([[1, 2]])),
  refused('PL-02 a Set', () => new Set([1])),
  refused('PL-02 a regular expression', () => /a/),
  refused('PL-02 a Buffer', () => Buffer.from('a')),
  refused('PL-02 a typed array', () => new Uint8Array(2)),
  refused('PL-02 an instance of a class', () => new Point()),
  // PL-03: what hangs or crashes its reader.
  refused('PL-03 a cycle', cycle),
  refused('PL-03 200,000 levels', () => deep(200_000)),
  refused('PL-03 a getter that throws', getterThatThrows),
  refused('PL-03 a toJSON of its own', () => ({ toJSON: () => 'another' })),
  same('PL-03 100 levels', deep(100)),
  // PL-04: names with a meaning in the language.
  same('PL-04 __proto__ as a field', JSON.parse('{"__proto__":{"polluted":true}}')),
  same('PL-04 constructor and hasOwnProperty', { constructor: { prototype: { polluted: true } }, hasOwnProperty: 1 }),
  // PL-05: text.
  same('PL-05 NUL', { a: '\0', 'k\0y': 'a\0b' }),
  same('PL-05 lone surrogates', ['\ud800', 'a\udc00b', { '\udfff': 1 }]),
  same('PL-05 noncharacters and marks', ['\ufffe', '\uffff', '\ufeff', '\u202eabc', '\u2028\u2029', '\u0085']),
  same('PL-05 emoji and the astral planes', ['\u{1f600}', '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}', '\u{20000}']),
  same('PL-05 equal only when normalised', ['\u00e9', 'e\u0301', '\u212b', '\u00c5', '\ufb01']),
  same('PL-05 control characters', [Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).join('')]),
  // PL-06: names with a meaning in a database.
  same('PL-06 operators and dots as fields', { $where: '1', $gt: '', 'a.b': 1, '': 2, $set: { x: 1 }, _id: 'id' }),
  same('PL-06 what looks like an extended type', { $numberLong: '1', $date: 0, $oid: 'x' }),
  // PL-07: DynamoDB's own traps.
  same('PL-07 empty text, empty list, empty object', ['', [], {}]),
  same('PL-07 reserved words', { status: 1, name: 2, ttl: 3, size: 4, value: 5, key: 6 }),
  same('PL-07 many digits', [123456789012345680000, 0.1 + 0.2, 1e21, 1e-300]),
  // PL-08: quotes of every dialect.
  same('PL-08 quotes', ["'; drop table row; --", 'a"b', '`x`', '$$', '$1', '%', '\\', '\\u0000', ':id', '?']),
  same('plain values', [null, true, false, 0, '', 'text', [], {}]),
  same('null alone', null),
  same('nothing at all', undefined),
]

/** Well-formed or not; each legal one is another key than every other one (PL-09). */
export const naughtyKeys: readonly { readonly key: string; readonly verdict: Verdict }[] = [
  ...['a', 'A', 'a ', ' a', 'a\t', 'a\n', '\u00e9', 'e\u0301', 'E\u0301', '\u212b', '\u00c5', 'stra\u00dfe', 'strasse'],
  ...['\u0130', 'i\u0307', 'i', 'I', '\ufb01', 'fi', '\u{1f600}', '\u{1f600}\u200d', '\u202ea', '\ufffe', '\ufeffa'],
  ...[
    "'; drop table row; --",
    'a"b',
    "o'brien",
    '$where',
    '$gt',
    '{"$gt":""}',
    'a.b',
    '%',
    '_',
    '../x',
    'k'.repeat(256),
  ],
].map((key) => ({ key, verdict: 'same' as const }))

export const refusedKeys: readonly string[] = ['', 'a\0', '\ud800', 'a\udc00', 'k'.repeat(257)]

/** Legal names of definitions, and ids of tasks: printable ASCII of any kind. */
export const naughtyNames: readonly string[] = [
  ...[
    "'; drop table row; --",
    'a"b',
    "o'brien",
    '$$',
    '$where',
    '%',
    'a.b',
    '#name',
    ':name',
    '`x`',
    '[a]',
    '\\',
    'a b',
  ],
  'n'.repeat(128),
]

export const refusedNames: readonly string[] = [
  '',
  '~own',
  'new\nline',
  '\u{1f600}',
  'n'.repeat(300),
  'tab\t',
  '\u00e9',
]
