/** docs/coming-from.md: each program of the page with the lines of its table behind it, run as they stand there. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { deserialize } from 'node:v8'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root, run } from '../examples/run.ts'

interface Line {
  readonly theirs: string
  readonly code: string
  readonly gives: string
}

type Answer = { readonly value: unknown } | { readonly thrown: string }

// Inside the package, so that `import 'piecework'` means this very build.
const folder = join(root, '.cache/coming-from')
const cli = join(root, 'dist/cli.js')
const page = readFileSync(join(root, 'docs/coming-from.md'), 'utf8')
const sections = page
  .split(/^## /m)
  .slice(1)
  .map((section) => ({
    title: section.slice(0, section.indexOf('\n')),
    program: /```ts\n(.*?)```/s.exec(section)?.[1] ?? '',
    lines: [...section.matchAll(/^\|(.*)\| `([^`]+)` \| ((?:throws )?)`([^`]+)` \|$/gm)].map(
      ([, theirs = '', code = '', throws = '', gives = '']): Line => ({
        theirs: theirs.trim(),
        code,
        gives: throws + gives,
      }),
    ),
    rows: [...section.matchAll(/^\|(?! ---)/gm)].length - 1,
  }))

/** Writes down what each line gave, also what it threw, and leaves nothing running. Methods of what was given are left out. */
function programOf({ program, lines }: (typeof sections)[number], answers: string): string {
  const steps = lines.map(({ code }) => {
    const given = code.startsWith('piecework ') ? `shell(${JSON.stringify(code.slice(10))})` : code
    return `await answer(async () => (${given}\n))`
  })
  return `${program}
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { serialize } from 'node:v8'
const answers = []
async function answer(line) {
  try {
    answers.push({ value: plain(await line()) })
  } catch (error) {
    answers.push({ thrown: String(error) })
  }
}
const shell = (line) => new Promise((resolve) => {
  execFile(process.execPath, [${JSON.stringify(cli)}, ...line.split(' ')], { timeout: 20_000 }, (error, stdout, stderr) => {
    const text = stdout.trim() || stderr.trim()
    try {
      resolve(text.split('\\n').map((each) => JSON.parse(each)).at(-1))
    } catch {
      resolve(text)
    }
  })
})
${steps.join('\n')}
writeFileSync(${JSON.stringify(answers)}, serialize(answers))
function plain(value) {
  if (typeof value === 'function') return undefined
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
}
process.exit()
`
}

const given = new Map<string, Answer[]>()

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await Promise.all(
    sections.map(async (section, index) => {
      const cwd = join(folder, String(index))
      mkdirSync(cwd, { recursive: true })
      const answers = join(cwd, 'answers')
      writeFileSync(join(cwd, 'program.ts'), programOf(section, answers))
      const ran = run(join(cwd, 'program.ts'), [], { cwd })
      expect(await ran.ended, ran.output()).toBe(0)
      given.set(section.title, deserialize(readFileSync(answers)) as Answer[])
    }),
  )
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the page has all five systems, and no line that is not run', () => {
  expect(sections.map(({ title }) => title)).toEqual([
    'm01.remote',
    'Party',
    'watchbot-progress',
    'Parallel item dispatcher',
    'Pampa Dispatcher',
  ])
  for (const { title, lines, rows } of sections) expect([title, lines.length]).toEqual([title, rows])
  expect(sections.flatMap(({ lines }) => lines).length).toBeGreaterThan(90)
})

describe.each(sections)('$title', ({ title, lines }) => {
  test.each(lines.map((line, index) => ({ ...line, index })))('$theirs: $code', ({ gives, index }) => {
    const answer = given.get(title)![index]!
    if (gives.startsWith('throws ')) {
      expect(answer).toEqual({ thrown: expect.stringContaining(gives.slice('throws '.length)) })
      return
    }
    // As it stands on the page: a literal of JavaScript.
    const wanted: unknown = new Function(`return { value: ${gives} }`)()
    expect(answer, inspect(answer)).toMatchObject(wanted as object)
  })
})
