/** The coverage table is only worth reading if it counts names and nothing else. */
import { describe, expect, test } from 'vitest'
import { failures, readCatalogue } from './catalogue.ts'
import { cover, report } from './coverage.ts'
import { allFiles } from './files.ts'

const catalogue = `# Title
## A. Leases
| id | what must hold | where |
| --- | --- | --- |
| LZ-04 | refused, unlike LZ-05 | all |
| LZ-05 | refused | all |
## Properties
| id | what must hold | where |
| --- | --- | --- |
| P-FENCE | stale is stale | all |
| P-ONE-OUTCOME | once | all |
`

/** The ids that one file's tests cover. */
function covered(text: string, path = 'test/core/one.test.ts'): string[] {
  return [...cover(catalogue, [{ path, text }], failures).files]
    .filter(([, paths]) => paths.length > 0)
    .map(([id]) => id)
}

describe('what counts as a name', () => {
  test('strings and templates of test, it, describe and property', () => {
    expect(covered(`test('LZ-04 a beat is refused', () => {})`)).toEqual(['LZ-04'])
    expect(covered(`it.each(rows)(\`LZ-05 \${name} P-FENCE\`, () => {})`)).toEqual(['LZ-05', 'P-FENCE'])
    expect(covered(`describe('P-ONE-OUTCOME', () => {})`)).toEqual(['P-ONE-OUTCOME'])
    expect(covered(`property('P-FENCE: stale', [any], law)`)).toEqual(['P-FENCE'])
    expect(covered(`test.skipIf(old)('LZ-04', async () => {})`)).toEqual(['LZ-04'])
  })

  test('the name of a helper that runs a function, and of an object that brings one', () => {
    expect(covered(`onEveryAdapter('LZ-04 ...', async (storage) => {})`)).toEqual(['LZ-04'])
    expect(covered(`const all = [{ name: 'LZ-05 ...', run() {} }]`)).toEqual(['LZ-05'])
  })

  test('the names of conformance cases', () => {
    const text = `export const one = { name: 'LZ-04 a beat', run: beat }`
    expect(covered(text, 'src/conformance/extend.ts')).toEqual(['LZ-04'])
    expect(covered(text)).toEqual([])
  })

  test('neither comments, nor bodies, nor data, nor what is put off', () => {
    expect(covered(`// LZ-04\n/* LZ-05 */ test('fine', () => { expect('P-FENCE').toBe('LZ-04') })`)).toEqual([])
    expect(covered(`seen('LZ-04')`)).toEqual([])
    expect(
      covered(`test.todo('LZ-04'); test.skip('LZ-05', () => {}); describe.skip('x', () => { test('P-FENCE') })`),
    ).toEqual([])
  })

  test('whole tokens only', () => {
    expect(covered(`test('XLZ-04 LZ-041 LZ-04-b P-FENCED P-FENCE-2 lz-04', () => {})`)).toEqual([])
    expect(covered(`test(\`LZ-0\${n} LZ-04\`, () => {})`)).toEqual(['LZ-04'])
  })
})

test('an id that the catalogue does not know is reported with its file', () => {
  const coverage = cover(catalogue, [{ path: 'test/a.test.ts', text: `test('LZ-99 and P-NONE', () => {})` }], failures)
  expect(coverage.unknown).toEqual([
    { id: 'LZ-99', path: 'test/a.test.ts' },
    { id: 'P-NONE', path: 'test/a.test.ts' },
  ])
  expect(report(coverage)).toContain('test/a.test.ts names LZ-99, which docs/failures.md does not know')
})

test('the table lists the covered, the others, and totals for each part', () => {
  const coverage = cover(catalogue, [{ path: 'test/a.test.ts', text: `test('LZ-04', () => {})` }], failures)
  expect(report(coverage)).toBe(`Covered
  LZ-04          test/a.test.ts

Without a test
  LZ-05
  P-FENCE P-ONE-OUTCOME

Totals
  A. Leases     1 of 2
  Properties    0 of 2
  all           1 of 4`)
})

test('docs/failures.md holds parts A to H and the properties, each id once', () => {
  const file = allFiles('docs').find(({ path }) => path === 'docs/failures.md')
  const parts = readCatalogue(file!.text, failures)
  expect(parts.map(({ title }) => title[0])).toEqual(['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'P'])
  expect(parts.at(-1)!.ids).toHaveLength(26)
  expect(() => readCatalogue(`${catalogue}| LZ-04 | again | all |`, failures)).toThrow('LZ-04 twice')
})
