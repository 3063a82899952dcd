/** Values that no option may have, what a message must show of them, and how a refusal must read. */
import { expect } from 'vitest'

/** A value that the types do not allow, as it comes from plain JavaScript. */
export const wrong = <T>(value: unknown): T => value as T
/** Each with a value and a piece of what the message must show of it. */
export const durations = [
  [Number.NaN, '`NaN`'],
  [-1, '`-1`'],
  [Number.POSITIVE_INFINITY, '`Infinity`'],
  [2 ** 53, '`9007199254740992`'],
  ['5 minutes', '`"5 minutes"`'],
  ['20y', '`"20y"`'],
  [null, '`null`'],
  [new Date(Date.UTC(2026, 0, 1)), 'Date'],
] as const
export const counts = [
  [Number.NaN, '`NaN`'],
  [-1, '`-1`'],
  [1.5, '`1.5`'],
  ['4', '`"4"`'],
  [null, '`null`'],
] as const
export const names = [
  ['', '`""`'],
  [5, '`5`'],
  ['~x', '`"~x"`'],
  ['caf\u00e9', 'caf'],
  ['a\n', '"a\\n"'],
  ['x'.repeat(129), 'xxx...'],
] as const

export type Row = readonly [option: string, value: unknown, shown: string]
export const rows = (option: string, values: readonly (readonly [unknown, string])[]): Row[] =>
  values.map(([value, shown]) => [option, value, shown])

export function refuses(error: unknown, option: string, shown: string): void {
  expect(error).toBeInstanceOf(TypeError)
  const { message } = error as TypeError
  expect(message).toMatch(/^Expected .*`[\w.[\]]+`.* got .+/)
  expect(message).toContain(`\`${option}`)
  expect(message).toContain(shown)
  expect(message.length).toBeLessThan(300)
}

export function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return undefined
}
