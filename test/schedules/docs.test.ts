/** The table of docs/schedules.md, line by line. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { previewOf } from '../../src/runner/schedules/info.ts'

const page = readFileSync(new URL('../../docs/schedules.md', import.meta.url), 'utf8')
const lines = [...page.matchAll(/^\| `([^`]+)` \| (\w+\/\w+) \| (\d{4}-\S+) \| (.+) \|$/gm)].map(
  ([, ...cells]) => cells,
)

test('there is a table', () => {
  expect(lines.length).toBeGreaterThan(8)
})

test.each(lines)('CK-06 CK-07 CK-08 %s in %s from %s: %s', (cron = '', timeZone = '', from = '', told = '') => {
  const wanted = told.split(', ')
  const ticks = previewOf({ cron, timeZone, clockChanges: 'fixed' }, wanted.length, Date.parse(from) - 1)
  // `2026-03-28T02:30:00+02:00` is told as `28 02:30+02`.
  expect(ticks.map(({ local }) => local.replace(/^\d+-\d+-(\d+)T(\d+:\d+):\d+([+-]\d+):00$/, '$1 $2$3'))).toEqual(
    wanted,
  )
})

test("CK-07 `clockChanges: 'single'`: a list follows the real time, a single time of day is fixed", () => {
  const next = (cron: string) =>
    previewOf({ cron, timeZone: 'Europe/Athens', clockChanges: 'single' }, 3, Date.parse('2026-10-25') - 1).map(
      ({ at }) => new Date(at).toISOString().slice(5, 16),
    )
  expect(next('0,30 3 * * *')).toEqual(['10-25T00:00', '10-25T00:30', '10-25T01:00'])
  expect(next('30 3 * * *')).toEqual(['10-25T00:30', '10-26T01:30', '10-27T01:30'])
})
