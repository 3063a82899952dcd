/** No test is left out in silence: who reads the end of a run knows what was not tested, and why. */
import { describe, expect, test } from 'vitest'
import { checkSkips } from './check-skips.ts'
import { codeFiles } from './files.ts'

test('every test that skips itself gives its reason, and none is switched off', () => {
  expect(codeFiles(['test', 'examples', 'bench']).flatMap(checkSkips)).toEqual([])
})

describe('the checker of skips', () => {
  const found = (text: string) => checkSkips({ path: 'test/a.test.ts', text })
  const advice = 'leave a test out by `skip(condition, reason)` of its context'

  test('refuses what switches a test off where it is declared', () => {
    expect(found(`import 'x'\ntest.skipIf(!own)('a', () => {})`)).toEqual([
      `test/a.test.ts:2 says test.skipIf: ${advice}`,
    ])
    expect(found(`test('a', { skip: old }, () => {})`)).toEqual([
      `test/a.test.ts:1 gives a test the option skip: ${advice}`,
    ])
  })

  test.each([
    `describe.skipIf(uncounted)('a', () => {})`,
    `test.runIf(linux)('a', () => {})`,
    `it.skip('a', () => {})`,
    `test.todo('a')`,
    `describe.only('a', () => {})`,
    `test.concurrent.skip('a', () => {})`,
    `test.skip.each(rows)('a', () => {})`,
    `property.skip('a', [], law)`,
    `const maybe = own ? test : test.skip`,
  ])('refuses %s', (text) => expect(found(text)).toHaveLength(1))

  test.each(['skip()', 'skip(!own)', 'ctx.skip()', 'ctx.skip(old === true)', 'skip(own)'])(
    'refuses %s, which says nothing of why',
    (call) =>
      expect(found(`test('a', ({ skip }) => { ${call} })`)).toEqual([
        `test/a.test.ts:1 skips without a reason: ${advice}`,
      ]),
  )

  test.each([
    `test('a', ({ skip }) => skip('no server here'))`,
    `test('a', ({ skip }) => skip(!own, notOurs))`,
    `test('a', (ctx) => ctx.skip(\`no \${kind} server\`))`,
    `test(name, ({ skip }) => skip(reason))`,
    `import { skip } from '../../src/core/part.ts'; test('a', () => void skip(part))`,
    `test('a', { timeout: 5 }, () => {}) // test.skip('a')`,
    `run('a.test.ts', "test.skip('silent', () => {})")`,
    `const { skip } = options`,
  ])('lets %s pass', (text) => expect(found(text)).toEqual([]))
})
