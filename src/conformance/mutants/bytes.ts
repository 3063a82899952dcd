/** Adapters that change what they were given: texts, ids, names. */
import type { Row, Storage } from '../../storage/index.ts'
import { altered, type Mutant, veiled } from './mutant.ts'

/** Stores other texts than it was given; every verb shows them. */
function mangling(storage: Storage, mangle: (text: string) => string): Storage {
  return veiled(storage, (row) => ({ ...row, input: mangle(row.input), memo: mangle(row.memo) }))
}

/** Changes every id on its way in, and remembers how it was written when it first came. */
function idsFolded(storage: Storage, fold: (id: string) => string): Storage {
  const first = new Map<string, string>()
  const known = (id: string): string => {
    const folded = fold(id)
    if (!first.has(folded)) first.set(folded, id)
    return first.get(folded)!
  }
  const folded = <R extends Row>(row: R): R => ({ ...row, id: known(row.id) })
  return altered(storage, {
    insert: (rows) => storage.insert(rows.map(folded)),
    get: (ids) => storage.get(ids.map(known)),
    extend: (rows, until) => storage.extend(rows.map(folded), until),
    apply: (changes) => storage.apply(changes.map(({ row, next }) => ({ row: folded(row), next }))),
  })
}

/** Parses the text and writes it anew, as a column of JSON does. */
function rewrittenJson(text: string): string {
  const value: unknown = JSON.parse(text)
  return JSON.stringify(value)
}

export const bytesMutants: readonly Mutant[] = [
  {
    name: 'texts are cut at an escaped NUL',
    breaks: 'PL-05',
    of: (storage) => mangling(storage, (text) => text.split('\\u0000')[0]!),
  },
  {
    name: 'texts are normalised',
    breaks: 'PL-05',
    of: (storage) => mangling(storage, (text) => text.normalize('NFC')),
  },
  {
    name: 'characters beyond 16 bits are lost',
    breaks: 'PL-05',
    of: (storage) => mangling(storage, (text) => text.replace(/[\u{10000}-\u{10ffff}]/gu, '?')),
  },
  {
    name: 'escaped lone surrogates are replaced',
    breaks: 'PL-05',
    of: (storage) => mangling(storage, (text) => text.replace(/\\ud800/g, '\ufffd')),
  },
  {
    name: 'line separators are lost',
    breaks: 'PL-05',
    of: (storage) => mangling(storage, (text) => text.replace(/[\u2028\u2029]/g, ' ')),
  },
  {
    name: 'a byte order mark is lost',
    breaks: 'PL-05',
    of: (storage) => mangling(storage, (text) => text.replace(/\ufeff/g, '')),
  },
  { name: 'texts are trimmed', breaks: 'bit for bit', of: (storage) => mangling(storage, (text) => text.trim()) },
  {
    name: 'texts are parsed and written anew',
    breaks: 'bit for bit',
    of: (storage) => mangling(storage, rewrittenJson),
  },
  {
    name: 'keys with a dollar sign are escaped',
    breaks: 'PL-06',
    of: (storage) => mangling(storage, (text) => text.replace(/"\$/g, '"_$')),
  },
  {
    name: 'the key __proto__ is dropped',
    breaks: 'PL-04',
    of: (storage) => mangling(storage, (text) => text.replace('"__proto__":', '"proto":')),
  },
  {
    name: 'texts are cut at 64 KiB',
    breaks: 'rowMaxBytes',
    of: (storage) => mangling(storage, (text) => text.slice(0, 65_536)),
  },
  {
    name: 'ids are compared without regard to case',
    breaks: 'PL-09',
    of: (storage) => idsFolded(storage, (id) => id.toLowerCase()),
  },
  {
    name: 'ids are compared by their first 63 characters',
    breaks: 'PL-08',
    of: (storage) => idsFolded(storage, (id) => id.slice(0, 63)),
  },
  {
    name: 'names are cut at 63 characters',
    breaks: 'PL-08',
    of: (storage) => veiled(storage, (row) => ({ ...row, name: row.name.slice(0, 63) })),
  },
  {
    name: 'a single quote is doubled',
    breaks: 'PL-08',
    of: (storage) => veiled(storage, (row) => ({ ...row, name: row.name.replace("'", "''") })),
  },
  {
    name: 'an empty holder comes back for none',
    breaks: 'null is null',
    of: (storage) => veiled(storage, (row) => ({ ...row, holder: row.holder ?? '' })),
  },
  {
    name: 'an absent field comes back for null',
    breaks: 'null is null',
    of: (storage) => veiled(storage, ({ key, ...row }) => (key === null ? row : { ...row, key }) as Row),
  },
  {
    name: 'instants come back as text',
    breaks: 'numbers are numbers',
    of: (storage) =>
      veiled(storage, (row) => ({
        ...row,
        wakeAt: row.wakeAt === null ? null : (String(row.wakeAt) as unknown as number),
      })),
  },
  {
    name: 'instants are kept in seconds',
    breaks: 'milliseconds',
    of: (storage) =>
      veiled(storage, (row) => ({
        ...row,
        doneAt: row.doneAt === null ? null : Math.floor(row.doneAt / 1_000) * 1_000,
      })),
  },
  {
    name: 'the parent is lost',
    breaks: 'rows are stored as given',
    of: (storage) => veiled(storage, (row) => ({ ...row, parent: null })),
  },
]
