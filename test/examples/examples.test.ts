/** Every example runs alone and prints what it says. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { root, run } from './run.ts'

const cwd = mkdtempSync(join(tmpdir(), 'piecework-examples-'))
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

const expected: Record<string, readonly RegExp[]> = {
  'hello.ts': [/^completed Hello, world!$/m],
  'retry.ts': [/flaky: attempt 2 failed/, /flaky: completed after 3 attempts/, /hopeless: failed after 1 attempts/],
  'keys.ts': [/^added (\S+)\nduplicate \1\nadded /m, /after it is done: added/],
  'cancel.ts': [/waiting one: true/, /running one: true/, /again: false/, /^later cancelled\nnow cancelled$/m],
  'own-transaction.ts': [/charles could not pay\nwelcome, ada/, /customers: 1 .*completed: 1/],
}

describe('examples', () => {
  test('each has its expectations here', () => {
    const files = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.ts'))
    expect(files.sort()).toEqual(Object.keys(expected).sort())
  })

  for (const [file, patterns] of Object.entries(expected)) {
    test(`${file} runs and ends by itself`, async () => {
      const example = run(join(root, 'examples', file), [], { cwd })
      expect(await example.ended, example.output()).toBe(0)
      for (const pattern of patterns) expect(example.output()).toMatch(pattern)
    })
  }
})
