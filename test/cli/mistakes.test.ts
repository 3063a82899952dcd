/** What the program says of a mistake, of a storage that is not there and of a reader that has had enough: one line, or none. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { job, piecework } from '../../src/index.ts'
import { inside } from './inside.ts'
import { cli, shell } from './kit.ts'

const folder = mkdtempSync(join(tmpdir(), 'piecework-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const storage = `sqlite:${join(folder, 'work.db')}`
const parts = 20_000

beforeAll(async () => {
  const pages = job('pages', { map: () => 1 })
  const work = piecework({ storage: sqlite(join(folder, 'work.db'), { synchronous: 'normal' }), definitions: [pages] })
  await work.run(pages, Array(parts).fill(0), { id: 'big' })
  await work.close()
})

/** The program must fail with this one line on standard error, and say nothing else. */
async function fails(args: readonly string[], line: string | RegExp, env?: Readonly<Record<string, string>>) {
  const { code, stdout, stderr } = await cli(args, env)
  expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(/^error: [^\n]+\n$/) })
  expect(stderr).toMatch(line)
}

describe('W44 a mistake is told in one line on standard error, with exit code 1:', () => {
  test.each([
    [['info'], "missing required argument 'job'"],
    [['ls', 'more', 'words'], 'too many arguments'],
    [['lss'], "unknown command 'lss' (Did you mean ls?)"],
    [['ls', '--id'], "unknown option '--id' (Did you mean --ids?)"],
    [['ls', '--storage'], "option '--storage <url>' argument missing"],
    [['info', '', '--storage', storage], 'Expected `id` to be the id of a task'],
  ])('%j', (args, line) => fails(args, line))

  test('no command at all, with the help', async () => {
    const { code, stdout, stderr } = await cli([])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('Usage: piecework [options] [command]')
  })
})

describe('W43 W44 a storage is a URL of a known kind; anything else is a mistake:', () => {
  test.each([
    ['redis://u:secret@127.0.0.1:6379', 'got a URL of redis:'],
    ['arn:aws:dynamodb:us-east-1:123:table/x', 'got a URL of arn:'],
    ['work.db', 'got a text without a scheme'],
    ['sqlite:work.db?mode=ro', 'no parameters but tablePrefix'],
    ['dynamodb://jobs?table=x', 'no parameters but region and endpoint'],
    ['dynamodb://jobs%2F', 'Expected `table` to be'],
    ['sqlite:no/such/place.db', 'There is no file no/such/place.db'],
    [`sqlite:${import.meta.filename}`, 'not an SQLite database'],
    ['postgres://u:secret@127.0.0.1:1/x', 'Postgres could not be reached'],
    ['postgres://u:secret@127.0.0.1:1/x?schema=pg_x', 'Expected `schema` to be'],
    ['mongodb://u:secret@127.0.0.1:1/x?nonsense=1', 'nonsense'],
    ['dynamodb://jobs?region=us-east-1&endpoint=http%3A%2F%2F127.0.0.1%3A1', 'ECONNREFUSED'],
  ])('%s', async (url, line) => {
    await fails(['ls', '--storage', url], line)
    await fails(['info', 'j'], /^(?!.*secret)/, { PIECEWORK_STORAGE: url })
  })

  test('none is named', () => fails(['ls'], 'or set PIECEWORK_STORAGE', { PIECEWORK_STORAGE: '' }))

  test('a file that is not there is not made', async () => {
    const file = join(folder, 'none.db')
    await fails(['pending', 'j', '--storage', `sqlite:${file}`], 'There is no file')
    expect(existsSync(file)).toBe(false)
  })

  test('a file that is no database stays as it is', async () => {
    const file = join(folder, 'letter.txt')
    writeFileSync(file, 'Dear Sir or Madam')
    await fails(['ls', '--storage', `sqlite:${file}`], 'not an SQLite database')
    expect(existsSync(`${file}-wal`)).toBe(false)
  })
})

describe('the program says', () => {
  test('what it can do, and that errors exit with 1', async () => {
    const { code, stdout, stderr } = await cli(['--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const word of ['info', 'ls', 'pending', 'code is then 1', 'sqlite:', 'postgres:', 'mongodb:', 'dynamodb:']) {
      expect(stdout).toContain(word)
    }
    const ls = await cli(['ls', '--help'])
    expect(ls).toMatchObject({ code: 0, stdout: expect.stringContaining('PIECEWORK_STORAGE') })
  })

  test('in docs/cli.md what each flag does', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8')
    const commands = [...(await inside(['--help'])).stdout.matchAll(/^ {2}([a-z]+) \[options\]/gm)].map(
      ([, name]) => name!,
    )
    expect(commands).toEqual(expect.arrayContaining(['info', 'dispatch', 'add', 'doctor', 'work']))
    for (const command of commands) {
      const { stdout } = await inside([command, '--help'])
      expect(stdout).toContain(`For example:\n  piecework ${command} `)
      expect(page).toContain(`| \`${command}`)
      const flags = stdout.match(/--[a-z][a-z-]+/g) ?? []
      // The app's module has a storage of its own.
      if (command !== 'work') expect(flags).toContain('--storage')
      for (const flag of flags) expect(page).toMatch(new RegExp(`${flag}(?![a-z-])`))
    }
  })

  test('its version', async () => {
    const { version } = (await import('../../package.json', { with: { type: 'json' } })).default
    expect(await cli(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })
})

describe('a reader that has had enough', () => {
  test.each(['pending big', 'pending big --array', 'ls'])('ends %s quietly', async (command) => {
    // The reader is gone before the first word is written, or in the middle of many.
    const reader = command === 'pending big' ? 'head -1' : 'true'
    const { stdout, stderr } = await shell(
      `$piecework ${command} --storage '${storage}' | ${reader}; echo "\${PIPESTATUS[@]}"`,
    )
    expect({ stdout, stderr }).toEqual({ stdout: reader === 'true' ? '0 0\n' : '0\n0 0\n', stderr: '' })
  })

  test('and one that reads on gets it all', async () => {
    const { stdout } = await cli(['pending', 'big', '--storage', storage])
    expect(stdout.split('\n')).toHaveLength(parts + 1)
    const array = await cli(['pending', 'big', '--array', '--storage', storage])
    expect(JSON.parse(array.stdout)).toEqual(Array.from({ length: parts }, (_, index) => index))
  })
})
