/** `status` and `purge`: how much there is of what, and what of it goes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { FatalError, job, type Piecework, piecework, task } from '../../src/index.ts'
import { inside } from './inside.ts'
import { start } from './kit.ts'

const folder = mkdtempSync(join(tmpdir(), 'piecework-cli-'))
const quiet = { info() {}, warn() {}, error() {} }
const mail = task('mail', {
  run: ({ input }) => {
    if (input === 'bad') throw new FatalError('no')
  },
})
const idle = task('idle', { run: () => {} })
const pages = job('pages', { map: () => 1 })
let count = 0
let storage = ''
let work: Piecework

beforeEach(async () => {
  const file = join(folder, `${++count}.db`)
  storage = `sqlite:${file}`
  work = piecework({ storage: sqlite(file), definitions: [mail, idle, pages], logger: quiet })
  return () => work.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function addWork(): Promise<void> {
  await work.add([mail.with('good'), mail.with('good'), mail.with('bad')])
  await work.run(pages, [1, 2], { id: 'over' })
  await work.drain()
  await work.run(pages, [1, 2], { id: 'open' })
  await work.add(mail, 'later', { delay: '1h' })
}

async function told(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await inside([...args, '--storage', storage])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

async function shown(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await inside([...args, '--storage', storage], true)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stripVTControlCharacters(stdout).split('\n').filter(Boolean)
}

test('status counts whatever the storage holds, with what is paused', async () => {
  expect(await shown('status')).toEqual(['No tasks and no jobs'])
  await addWork()
  await work.pause(mail)
  await work.pause(idle)
  expect(await told('status')).toEqual({
    tasks: { mail: { completed: 2, failed: 1, waiting: 1 } },
    jobs: { pages: { completed: 1, mapping: 1 } },
    parts: { pages: { completed: 2, waiting: 2 } },
    capped: false,
    paused: ['idle', 'mail'],
  })
  expect(await shown('status')).toEqual([
    expect.stringMatching(/^OF {4}NAME {3}WAITING {2}COMPLETED {2}FAILED {2}MAPPING$/),
    expect.stringMatching(/^task {2}mail +1 +2 +1 +paused$/),
    expect.stringMatching(/^job {3}pages +1 +1$/),
    expect.stringMatching(/^part {2}pages +2 +2$/),
    expect.stringMatching(/^ +idle +paused$/),
  ])
})

test('status --watch tells of each change, and Ctrl-C ends it at once', async () => {
  const watching = start(`exec $piecework status --watch --storage '${storage}'`)
  await expect.poll(() => watching.said.stdout, { timeout: 20_000 }).toContain('"tasks":{}')
  await work.add(mail, 1)
  await expect.poll(() => watching.said.stdout, { timeout: 20_000 }).toContain('"tasks":{"mail":{"waiting":1}}')
  watching.child.kill('SIGINT')
  const { code, stdout, stderr } = await watching.ended
  expect({ code, stderr, lines: stdout.trim().split('\n').length }).toEqual({ code: 130, stderr: '', lines: 2 })
})

test('CL-05 purge says how many would go, and from where; with --yes they go', async () => {
  await addWork()
  const before = await work.status()
  const dry = { storage, dryRun: true }
  expect(await told('purge', '--older-than', '0s')).toEqual({ ...dry, completed: 3, failed: 1, cancelled: 0 })
  expect(await told('purge', '--older-than', '1d')).toEqual({ ...dry, completed: 0, failed: 0, cancelled: 0 })
  expect(await told('purge', '--older-than', '0s', '--states', 'failed')).toEqual({ ...dry, failed: 1 })
  const named = ['--names', 'pages,idle', '--states', 'completed,cancelled']
  expect(await told('purge', '--older-than', '0s', ...named)).toEqual({ ...dry, completed: 1, cancelled: 0 })
  expect(await shown('purge', '--older-than', '0s')).toEqual([
    `Would be removed from ${storage}, with --yes: 3 completed, 1 failed, 0 cancelled`,
  ])
  expect(await work.status()).toEqual(before)

  expect(await told('purge', '--older-than', '1d', '--yes')).toMatchObject({ dryRun: false, completed: 0, failed: 0 })
  expect(await work.status()).toEqual(before)
  const gone = { storage, dryRun: false, completed: 1, cancelled: 0 }
  expect(await told('purge', '--older-than', '0s', ...named, '--yes')).toEqual(gone)
  expect((await work.status()).parts.pages).toEqual({ waiting: 2 })
  expect(await shown('purge', '--older-than', '0s', '--yes')).toEqual([
    `Removed from ${storage}: 2 completed, 1 failed, 0 cancelled`,
  ])
  expect((await work.status()).tasks.mail).toEqual({ waiting: 1 })
})

test.each([
  [[], "required option '--older-than <time>' not specified"],
  [['--older-than', '7'], 'Expected a time such as 30s'],
  [['--older-than', '7d', '--states', 'running'], 'Expected `states` to be only completed, failed, cancelled'],
  [['--older-than', '7d', '--states', ','], 'with commas between'],
])('CL-05 M25 purge %j is refused', async (flags, line) => {
  await addWork()
  const before = await work.status()
  const { code, stdout, stderr } = await inside(['purge', ...flags, '--yes', '--storage', storage])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stripVTControlCharacters(stderr)).toMatch(/^error: [^\n]+\n$/)
  expect(stderr).toContain(line)
  expect(await work.status()).toEqual(before)
})
