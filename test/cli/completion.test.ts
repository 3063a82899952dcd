/** `completion`: what a shell completes once it has read the script, asked of the shells themselves. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inside } from './inside.ts'

const folder = mkdtempSync(join(tmpdir(), 'piecework-completion-'))
const shells = ['bash', 'zsh', 'fish'] as const
const has = (shell: string) => spawnSync(shell, ['--version']).status === 0
const scriptOf = (shell: string) => join(folder, `script.${shell}`)

beforeAll(async () => {
  mkdirSync(join(folder, 'apps dir'))
  for (const name of ['app.ts', 'token.txt', 'apps dir/b.ts']) writeFileSync(join(folder, name), '')
  for (const shell of shells) {
    const { code, stdout, stderr } = await inside(['completion', shell])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    writeFileSync(scriptOf(shell), stdout)
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What bash offers for the last word, which takes `--flag=value` apart as it does on its own. */
function bash(line: string): string[] {
  const words = line
    .replaceAll('=', ' = ')
    .split(' ')
    .filter((word, at, all) => word !== '' || at === all.length - 1)
  const body = `source '${scriptOf('bash')}'
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_piecework
printf '%s\\n' "\${COMPREPLY[@]}"`
  const said = execFileSync('bash', ['--norc', '-c', body, 'bash', ...words], { cwd: folder, encoding: 'utf8' })
  return said.split('\n').filter(Boolean).sort()
}

/** What fish offers, without what it says of each. */
function fish(line: string): string[] {
  const env = { ...process.env, HOME: folder }
  const body = `source '${scriptOf('fish')}'; complete -C ${JSON.stringify(line)}`
  const said = execFileSync('fish', ['--no-config', '-c', body], { cwd: folder, env, encoding: 'utf8' })
  return said
    .split('\n')
    .filter(Boolean)
    .map((each) => each.split('\t')[0]!)
    .sort()
}

/** The words that zsh has made of a line in which TAB was pressed, by a program that says what it was given. */
function zsh(line: string): string {
  const keys = `piecework() { print -r -- "given <$*>"; }\nautoload -U compinit; compinit -D; unsetopt list_beep
source '${scriptOf('zsh')}'; print -r -- "be""gin"\n${line}\nexit\n`
  const said = spawnSync('script', ['-qec', 'stty cols 200; sleep 0.3; zsh -f', '/dev/null'], {
    cwd: folder,
    input: keys,
    encoding: 'utf8',
    timeout: 20_000,
    env: { ...process.env, TERM: 'dumb' },
  })
  return /begin.*?given <([^>]*)>\r?\n/s.exec(said.stdout)?.[1] ?? said.stdout
}

describe('in bash', () => {
  test('commands, flags and values are completed', () => {
    expect(bash('piecework s')).toEqual(['schedules', 'serve', 'status'])
    expect(bash('piecework ')).toEqual(expect.arrayContaining(['info', 'work', 'completion', '--help', '--version']))
    expect(bash('piecework work app.ts --')).toEqual(
      ['--cluster', '--help', '--only', '--port', '--timeout', '--token-file', '--unix'].sort(),
    )
    expect(bash('piecework ls --h')).toEqual(['--help', '--hide-completed'])
    expect(bash('piecework work app.ts --only ')).toEqual(['schedules', 'tasks'])
    expect(bash('piecework work app.ts --only=t')).toEqual(['tasks'])
    expect(bash('piecework work app.ts --only=')).toEqual(['schedules', 'tasks'])
    expect(bash('piecework purge --states c')).toEqual(['cancelled', 'completed'])
    expect(bash('piecework purge --states completed,f')).toEqual(['completed,failed'])
    expect(bash('piecework completion ')).toEqual(['--help', 'bash', 'fish', 'zsh'])
  })

  test('files where a file is meant, and nothing where nobody knows what is', () => {
    expect(bash('piecework work a')).toEqual(['app.ts', 'apps dir'])
    expect(bash('piecework serve --token-file to')).toEqual(['token.txt'])
    expect(bash('piecework ls --storage ')).toEqual([])
    expect(bash('piecework info a')).toEqual([])
  })
})

describe('in fish', () => {
  test('commands, flags and values are completed, and files where they are meant', ({ skip }) => {
    skip(!has('fish'), 'there is no fish on this machine')
    expect(fish('piecework s')).toEqual(['schedules', 'serve', 'status'])
    expect(fish('piecework work app.ts --t')).toEqual(['--timeout', '--token-file'])
    expect(fish('piecework work app.ts --only ')).toEqual(['schedules', 'tasks'])
    expect(fish('piecework purge --states completed,f')).toEqual(['completed,failed'])
    expect(fish('piecework completion ')).toEqual(['bash', 'fish', 'zsh'])
    expect(fish('piecework work a')).toEqual(['app.ts', 'apps dir/'])
    expect(fish('piecework serve --token-file to')).toEqual(['token.txt'])
    expect(fish('piecework info a')).toEqual([])
  })
})

describe('in zsh', () => {
  test('commands, flags and values are completed, and files where they are meant', ({ skip }) => {
    skip(!has('zsh'), 'there is no zsh on this machine')
    skip(!has('script'), 'no terminal: there is no `script` of util-linux')
    expect(zsh('piecework dis\t--consume-job-it\tx')).toBe('dispatch --consume-job-items=x')
    expect(zsh('piecework wor\tapp.\t--on\ttas\t')).toBe('work app.ts --only=tasks')
    expect(zsh('piecework purge --states comp\t,fail\t')).toBe('purge --states completed,failed')
    expect(zsh('piecework serve --token-file tok\t')).toBe('serve --token-file token.txt')
    expect(zsh('piecework completion fi\t')).toBe('completion fish')
  })
})

test('each command of the help, and each of its flags, is completed', async () => {
  const help = async (...args: string[]) => (await inside([...args, '--help'])).stdout
  const names = [...(await help()).matchAll(/^ {2}([a-z]+) [[<]/gm)].map(([, name]) => name!)
  expect(names).toEqual(expect.arrayContaining(['info', 'work', 'completion']))
  expect(bash('piecework ')).toEqual([...names, '--help', '--version'].sort())
  for (const name of names) {
    const flags = [...(await help(name)).matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag!)
    expect(bash(`piecework ${name} --`)).toEqual(flags.sort())
  }
})

test('another shell is a mistake', async () => {
  const { code, stderr } = await inside(['completion', 'tcsh'])
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Allowed choices are bash, zsh, fish'),
  })
})
