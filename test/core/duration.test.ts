/** Durations and instants: how they may be written, and what is no real delay. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { durationMs, instant, maxDurationMs, maxInstant, minInstant } from '../../src/core/duration.ts'

describe('durationMs', () => {
  test.each([
    [0, 0],
    [250, 250],
    [0.2, 1],
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['30d', 2_592_000_000],
    [2 ** 31, 2 ** 31],
    [maxDurationMs, maxDurationMs],
  ])('CK-05 takes %s for %d ms', (given, ms) => {
    expect(durationMs('delay', given)).toBe(ms)
  })

  test.each([
    [-1],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [Number.NEGATIVE_INFINITY],
    [2 ** 53],
    [maxDurationMs + 1],
    [undefined],
    [null],
    [10n],
    [new Date(5)],
    ['5'],
    [''],
    ['m'],
    ['-5m'],
    ['5 minutes'],
    ['5M'],
    ['1e3s'],
    ['Infinityd'],
    ['0x10s'],
    ['5m '],
    ['5m\n'],
    ['٥m'],
    ['99999d'],
    [`${'9'.repeat(400)}ms`],
  ])('CK-05 refuses %s, and says what it expected', (given) => {
    expect(() => durationMs('delay', given)).toThrow(
      /^Expected `delay` to be milliseconds or a duration like '5m', from 0 to ten years, got /,
    )
  })

  test('CK-05 whatever is given comes out as whole milliseconds within ten years, or is refused', () => {
    const given = fc.oneof(
      fc.double(),
      fc.string(),
      fc.anything(),
      fc.tuple(fc.double(), fc.constantFrom('s', 'd')).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(given, (value) => {
        let ms: number
        try {
          ms = durationMs('delay', value)
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError)
          return
        }
        expect(Number.isSafeInteger(ms) && ms >= 0 && ms <= maxDurationMs).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  test('a duration may have a least', () => {
    expect(durationMs('timeout', 1, 1)).toBe(1)
    expect(() => durationMs('timeout', 0, 1)).toThrow(/from 1 ms to ten years, got `0` \(number\)/)
  })

  test('a long text that is nearly a duration is refused at once', () => {
    expect(() => durationMs('delay', `${'1'.repeat(1_000_000)}.${'1'.repeat(1_000_000)}x`)).toThrow(TypeError)
  })
})

describe('instant', () => {
  test('takes a Date or epoch milliseconds, and whole milliseconds come out', () => {
    const at = Date.UTC(2026, 10, 22)
    expect(instant('at', new Date(at))).toBe(at)
    expect(instant('at', at + 0.3)).toBe(at + 1)
    expect([minInstant, maxInstant].map((edge) => instant('at', edge))).toEqual([minInstant, maxInstant])
    expect(new Date(minInstant).toISOString()).toBe('2000-01-01T00:00:00.000Z')
    expect(new Date(maxInstant).toISOString()).toBe('9999-12-31T23:59:59.999Z')
  })

  test.each([
    [0, '`0` (number)'],
    [1_800_000_000, '`1800000000` (number)'],
    [minInstant - 1, '`946684799999` (number)'],
    [maxInstant + 1, '(number)'],
    [Number.NaN, '`NaN`'],
    [Number.POSITIVE_INFINITY, '`Infinity`'],
    [new Date(Number.NaN), 'an invalid Date'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    ['2026-11-22', '`"2026-11-22"` (string)'],
    [null, '`null`'],
  ])('CK-05 refuses %s and shows it', (given, shown) => {
    expect(() => instant('at', given)).toThrow(/^Expected `at` to be a Date or epoch milliseconds/)
    expect(() => instant('at', given)).toThrow(shown)
  })
})
