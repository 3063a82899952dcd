/** Holds the list of older systems' rules to its tests: no rule without one, and none in a file where it is not. */
import { expect, test } from 'vitest'
import { behaviours, idsIn } from './catalogue.ts'
import { cover, textOf, uncovered } from './coverage.ts'
import { codeFiles } from './files.ts'

const catalogue = `## W. Jobs
| id | the rule | shown in |
| --- | --- | --- |
| W1 | it is so, unlike W2 | test/a.test.ts |
| W12 | so too | test/a.test.ts |
`

test('a rule counts as shown by the names of tests alone', () => {
  const text = `test('W12 is so', () => {})\n// W1\ntest.skip('W1 later', () => {})\ntest('XW1 W1-b W123 w1', () => {})`
  const coverage = cover(catalogue, [{ path: 'test/a.test.ts', text }], behaviours)
  expect([uncovered(coverage), coverage.files.get('W12')]).toEqual([['W1'], ['test/a.test.ts']])
})

test('each rule that docs/behaviours.md lists has a test, in the file that it says', () => {
  const text = textOf(behaviours)
  // Some tests lie beside the file that runs them on each storage.
  const coverage = cover(text, codeFiles(['test']), behaviours)
  expect(uncovered(coverage)).toEqual([])
  for (const row of text.matchAll(/^\| ([A-Z]\d+) \| .* \| ([^|]+) \|$/gm)) {
    const [, id = '', where = ''] = row
    const files = [...where.matchAll(/`([^`]+)`/g)].map(([, file]) => file)
    expect([id, coverage.files.get(id)]).toEqual([id, expect.arrayContaining(files)])
    expect(files, id).not.toEqual([])
  }
})

test('docs/behaviours.md lists every rule that must be kept, and every fault that must not come back', () => {
  const listed = cover(textOf(behaviours), [], behaviours).parts.map(({ ids }) => ids)
  const faults = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => `B${from + index}`)
  expect(listed).toEqual([
    idsIn('W1 W2 W6 W7 W11 W12 W13 W14 W19 W27 W28 W29 W30 W41', behaviours),
    idsIn('D1 D2 D3 D4 D5 D13 D14 D15 D16 D17', behaviours),
    idsIn('P1 P2 P3 P4 P5 P6 P7 P8 P10 P11 P12 P13 P14 P15 P16 P17 P18 P19 P20 P21 P22 P24 P25 P26', behaviours),
    idsIn('M1 M2 M3 M4 M7 M8 M9 M10 M12 M13 M14 M16 M17 M24 M26 M28 M32 M34 M35 M36 M38 M39 M40 M41', behaviours),
    idsIn('Y1 Y2 Y3 Y4 Y5 Y6 Y7 Y8 Y9 Y10 Y11 Y12 Y13 Y14 Y15 Y16 Y17 Y18 Y19', behaviours),
    faults(1, 38),
  ])
})
