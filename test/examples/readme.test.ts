/** The README's programs, pasted and run. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root, run } from './run.ts'

// Inside the package, so that `import 'piecework'` means this very build.
const folder = join(root, '.cache/readme')
beforeAll(() => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const blocks = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/```ts\n(.*?)```/gs)].map(
  ([, code]) => code ?? '',
)

function paste(part: string, name: string): string {
  const block = blocks.find((code) => code.includes(part))
  if (block === undefined) throw new Error(`the README has no program with ${part}`)
  const file = join(folder, name)
  writeFileSync(file, block)
  return file
}

test('the ten lines of the README greet the world, and the app stays alive for more', async () => {
  const hello = run(paste("sqlite('work.db')", 'hello.ts'), [], { cwd: folder })
  await hello.printed('Hello, world!')
  expect(hello.child.exitCode).toBe(null)
  hello.child.kill('SIGKILL')
  await hello.ended
})

test('the test of the README needs no minute for a minute', async () => {
  const testing = run(paste('manualClock()', 'testing.ts'), [], { cwd: folder })
  expect(await testing.ended, testing.output()).toBe(0)
  expect(testing.output()).toBe('completed\n')
})

test('the definition of the README is accepted', async () => {
  const definition = run(paste('z.object({ file: z.string() })', 'definition.ts'), [], { cwd: folder })
  expect(await definition.ended, definition.output()).toBe(0)
})
