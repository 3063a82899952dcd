/** Names, ids and keys: what every storage must be able to keep, and what is refused at the door. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkId, checkKey, checkName, checkStoredId, givenKey, storedKey } from '../../src/core/name.ts'
import { anyText } from './any-value.ts'

const refused: [string, unknown][] = [
  ['nothing', ''],
  ['undefined', undefined],
  ['a number', 5],
  ['an object with a text in it', { toString: () => 'name' }],
  ['a newline', 'a\nb'],
  ['a newline at its end', 'a\n'],
  ['a tab', 'a\tb'],
  ['a NUL', 'a\0'],
  ['an escape code', '\u001b[31mred'],
  ['an umlaut', 'größe'],
  ['an emoji', '🚀'],
  ['300 characters', 'n'.repeat(300)],
  ['one character too many', 'n'.repeat(129)],
]

const kept = [
  "'; drop table rows; --",
  'a"b',
  "o'brien",
  '$$',
  '%',
  '$where',
  'a.b',
  '__proto__',
  ' a ',
  'n'.repeat(128),
]

describe('checkName', () => {
  test.each(refused)('PL-08 refuses %s and cuts nothing', (_, name) => {
    expect(() => checkName('name', name)).toThrow(/^Expected `name` to be 1 to 128 printable ASCII characters/)
  })

  test.each([...kept, '../x', 'a/b'])('PL-08 keeps %s as it is', (name) => {
    expect(checkName('name', name)).toBe(name)
  })

  test("refuses the library's own names", () => {
    expect(() => checkName('name', '~pause')).toThrow(TypeError)
    expect(checkName('name', 'a~b')).toBe('a~b')
  })
})

describe('checkId', () => {
  test.each([...refused, ['a path', '../x'], ['a slash', 'job/0']])('PL-08 refuses %s', (_, id) => {
    expect(() => checkId('id', id)).toThrow(/^Expected `id` to be/)
  })

  test.each(kept)('PL-08 keeps %s as it is', (id) => {
    expect(checkId('id', id)).toBe(id)
  })

  test('an id to look up may be that of a child, and is refused where no row can have it', () => {
    expect(checkStoredId('id', 'job/0')).toBe('job/0')
    for (const id of ['', 'ä', 'a\n', 'n'.repeat(257), null]) {
      expect(() => checkStoredId('id', id)).toThrow(/^Expected `id` to be the id of a task/)
    }
  })
})

describe('checkKey', () => {
  test('PL-05 keeps any text without a NUL or half a pair, unit by unit, and refuses the rest', () => {
    fc.assert(
      fc.property(anyText, (key) => {
        const sound = key !== '' && key.length <= 256 && !key.includes('\0') && key.isWellFormed()
        if (sound) expect(checkKey('key', key)).toBe(key)
        else expect(() => checkKey('key', key)).toThrow(/^Expected `key` to be 1 to 256 characters/)
      }),
      { numRuns: 500 },
    )
  })

  test('PL-05 keeps emoji, right-to-left and unnormalised text; refuses NUL, half a pair, nothing and too much', () => {
    for (const key of ['😀', '\u202eabc', 'e\u0301', '\ufffe', 'k'.repeat(256), '\n'])
      expect(checkKey('key', key)).toBe(key)
    for (const key of ['a\0b', '\ud83d', '\ude00x', '', 'k'.repeat(257), 5, null]) {
      expect(() => checkKey('key', key)).toThrow(TypeError)
    }
  })
})

describe('a stored key', () => {
  const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index))
  const name = fc.string({ unit: fc.constantFrom(...printable), minLength: 1, maxLength: 20 })

  test('PL-09 differs whenever the name or the key does, and gives the key again', () => {
    fc.assert(
      fc.property(name, fc.oneof(anyText, name), name, fc.oneof(anyText, name), (one, key, other, otherKey) => {
        expect(givenKey(one, storedKey(one, key))).toBe(key)
        expect(storedKey(one, key) === storedKey(other, otherKey)).toBe(one === other && key === otherKey)
      }),
      { numRuns: 500 },
    )
    const alike = ['Key', 'key', 'key ', ' key', 'e\u0301', '\u00e9', 'ﬁ', 'fi']
    expect(new Set(alike.map((key) => storedKey('n', checkKey('key', key)))).size).toBe(alike.length)
    expect(storedKey('a', 'b\nc')).not.toBe(storedKey('a\nb', 'c').replace('a\nb', 'a b'))
  })
})
