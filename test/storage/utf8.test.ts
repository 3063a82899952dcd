/** How many bytes a text takes, against Node's own count. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8Length } from '../../src/storage/utf8.ts'
import { anyText } from '../core/any-value.ts'

describe('utf8Length', () => {
  test('counts the bytes of any well-formed text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const whole = text.toWellFormed()
        expect(utf8Length(whole)).toBe(Buffer.byteLength(whole))
      }),
      { numRuns: 1_000 },
    )
  })

  test('counts the bytes of any JSON text', () => {
    fc.assert(
      fc.property(fc.anything({ key: anyText }), (value) => {
        const text = JSON.stringify(value) ?? ''
        expect(utf8Length(text)).toBe(Buffer.byteLength(text))
      }),
    )
  })

  test('counts one to four bytes at the edges of each length', () => {
    const edges = [
      '\u0000',
      '\u007f',
      '\u0080',
      '\u07ff',
      '\u0800',
      '\ud7ff',
      '\ue000',
      '\uffff',
      '\u{10000}',
      '\u{10ffff}',
    ]
    expect(edges.map(utf8Length)).toEqual([1, 1, 2, 2, 3, 3, 3, 3, 4, 4])
  })
})
