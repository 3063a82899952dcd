/** The closing line is checked on a real run, since other reporters and vitest itself print around it. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from './files.ts'

// Inside the repository, so that the sample finds vitest; .cache is ignored by git and by the other house rules.
const cache = join(root, '.cache')
let folder: string

beforeAll(() => {
  mkdirSync(cache, { recursive: true })
  folder = mkdtempSync(join(cache, 'closing-line-'))
  writeFileSync(join(folder, 'vitest.config.ts'), 'export default {}')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function run(file: string, text: string, ...args: string[]): Promise<{ code: number; lines: string[] }> {
  writeFileSync(join(folder, file), `import { describe, test } from 'vitest'\n${text}`)
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const reporter = join(root, 'test', 'house', 'closing-line.ts')
  const options = ['run', file, '--root', folder, '--reporter', 'default', '--reporter', reporter, ...args]
  return new Promise((resolve) => {
    execFile(process.execPath, [vitest, ...options], { cwd: folder }, (error, stdout) => {
      expect(stdout.endsWith('\n')).toBe(true)
      resolve({ code: Number(error?.code ?? 0), lines: stdout.trimEnd().split('\n') })
    })
  })
}

test('it is the last line, and before it stand each skipped test with its reason, and each failure', async () => {
  const { code, lines } = await run(
    'mixed.test.ts',
    `test('good', () => {})
     describe('group', () => { test('bad', () => { throw new Error('so it\\nis') }) })
     test('absent', ({ skip }) => skip('no server here'))
     test.skip('silent', () => {})
     test.todo('later')`,
  )
  expect(code).toBe(1)
  expect(lines.slice(-5)).toEqual([
    'skipped: mixed.test.ts > absent (no server here)',
    'skipped: mixed.test.ts > silent (no reason given)',
    'skipped: mixed.test.ts > later (to do)',
    'failed: mixed.test.ts > group > bad: so it',
    '1 passed, 1 failed, 3 skipped',
  ])
})

test('a file that does not load counts as a failure', async () => {
  const { code, lines } = await run('broken.test.ts', `import './missing.ts'\ntest('unseen', () => {})`)
  expect(code).toBe(1)
  expect(lines.at(-1)).toBe('0 passed, 1 failed, 0 skipped')
  expect(lines.at(-2)).toContain('failed: broken.test.ts: ')
})

test('a rejection outside of every test counts as a failure', async () => {
  const { code, lines } = await run(
    'stray.test.ts',
    `test('fine', async () => { void Promise.reject(new Error('stray')); await new Promise((r) => setTimeout(r, 50)) })`,
  )
  expect(code).toBe(1)
  expect(lines.slice(-2)).toEqual(['failed: outside every test: stray', '1 passed, 1 failed, 0 skipped'])
})

test('a run of some tests by name does not list the others', async () => {
  const { code, lines } = await run('named.test.ts', `test('one', () => {})\ntest('two', () => {})`, '-t', 'one')
  expect(code).toBe(0)
  expect(lines.at(-1)).toBe('1 passed, 0 failed, 1 skipped')
  expect(lines.join('\n')).not.toContain('skipped: ')
})
