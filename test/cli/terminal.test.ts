/** What people see: tables and a bar, on a terminal that `script` of util-linux makes. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { job, never, type Piecework, piecework, task } from '../../src/index.ts'
import { type Ran, type Shell, shell, start } from './kit.ts'

const folder = mkdtempSync(join(tmpdir(), 'piecework-cli-'))
const storage = `sqlite:${join(folder, 'work.db')}`
const quiet = { info() {}, warn() {}, error() {} }
const columns = 100
const hideCursor = '\u001b[?25l'
const showCursor = '\u001b[?25h'

let release: () => void = () => {}
const released = new Promise<void>((resolve) => {
  release = resolve
})
const pages = job('pages', {
  retry: never(),
  map: ({ part }: { part: string }) => {
    if (part === 'bad') throw new Error(`bad page,\n${'and more of it '.repeat(20)}`)
  },
  reduce: () => ({ words: 'word '.repeat(600) }),
})
const slow = job('slow', { map: ({ index }) => (index > 0 ? released : undefined) })
const stores = task('stores', {
  run: async ({ emit }) => {
    for (const item of [{ id: 1 }, { id: 2 }, { id: 1 }, { name: 'none' }]) await emit(item)
  },
})
const shop = task('shop', { run: (_: { input: unknown }) => {} })
let work: Piecework

beforeAll(async () => {
  work = piecework({
    storage: sqlite(join(folder, 'work.db')),
    definitions: [pages, slow, stores, shop],
    logger: quiet,
  })
  // A terminal takes the one character for the beginning of an order.
  await work.run(pages, ['a', 'b'], { id: 'one', metadata: { who: '\u009b31mme' } })
  await work.run(pages, ['a', 'bad'], { id: 'two' })
  await work.drain()
})
afterAll(async () => {
  release()
  await work.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Starts a command on a terminal of a hundred columns, or skips the test where none can be made. */
function startOnTerminal(context: TestContext, command: string, env: Record<string, string> = {}): Shell {
  try {
    if (!execFileSync('script', ['--version'], { encoding: 'utf8' }).includes('util-linux')) throw new Error()
  } catch {
    context.skip('no terminal: there is no `script` of util-linux')
  }
  const line = `stty cols ${columns} rows 30; $piecework ${command}`
  return start(`script -qec ${JSON.stringify(line)} /dev/null`, { ...env, PIECEWORK_STORAGE: storage })
}

async function onTerminal(context: TestContext, command: string, env: Record<string, string> = {}): Promise<Ran> {
  const ran = await startOnTerminal(context, command, env).ended
  return { ...ran, stdout: ran.stdout.replaceAll('\r\n', '\n') }
}

/** The lines as they are read, each of which must fit. */
function linesOf({ stdout }: Ran): string[] {
  const lines = stripVTControlCharacters(stdout).split('\n').filter(Boolean)
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns)
  return lines
}

test('W41 ls is a table on a terminal, and a long message is cut to fit', async (context) => {
  const ran = await onTerminal(context, 'ls')
  const [head, one, two, ...more] = linesOf(ran)
  expect(more).toEqual([])
  expect(head).toMatch(/^JOB {2}NAME {3}STATE +DONE {2}REMAINING {2}TOTAL {2}ADDED +FAILURE$/)
  expect(one).toMatch(/^one {2}pages {2}completed {2}100% {10}0 {6}2 {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/)
  expect(two).toMatch(/^two {2}pages {2}failed .* part 1: Error: bad page, .*…$/)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is looked for
  expect(ran.stdout).toMatch(/\u001b\[31mfailed\u001b/)
})

test('ls --ids is not a table there, and NO_COLOR takes the colours away', async (context) => {
  expect((await onTerminal(context, 'ls --ids')).stdout).toBe('one\ntwo\n')
  expect((await onTerminal(context, 'ls', { NO_COLOR: '1' })).stdout).not.toContain('\u001b')
})

test('W41 info is a table there, with a long value wrapped and then cut, and nothing in it steers the terminal', async (context) => {
  const ran = await onTerminal(context, 'info one')
  const lines = linesOf(ran)
  expect(lines).toEqual(
    expect.arrayContaining(['job       one', 'state     completed', 'parts     0 remaining of 2, 100%']),
  )
  expect(lines.find((line) => line.startsWith('metadata'))).toBe('metadata  {"who":"\\u009b31mme"}')
  expect(ran.stdout).not.toContain('\u009b')
  const words = lines.filter((line) => line.includes('word word'))
  expect(words).toHaveLength(12)
  expect(words.at(-1)).toMatch(/…$/)
  expect(linesOf(await onTerminal(context, 'info two'))).toEqual(expect.arrayContaining(['parts    0 remaining of 2']))
})

test('info --watch draws a bar until the job is over, and then its table', async (context) => {
  const { id } = await work.run(slow, [0, 1, 2, 3], { id: 'slow' })
  await work.start()
  await expect.poll(async () => (await work.job(id)).remaining).toBe(3)
  const watched = startOnTerminal(context, `info --watch ${id}`)
  const piped = start(`$piecework info --watch ${id}`, { PIECEWORK_STORAGE: storage })
  await expect.poll(() => watched.said.stdout).toMatch(/█{10}░{30} 25% \| 3 of 4 parts remaining \| mapping/)
  await expect.poll(() => piped.said.stdout).toContain('\n')
  release()

  const { code, stdout } = await watched.ended
  expect(code).toBe(0)
  expect(stdout).toMatch(/█{40} 100% \| 0 of 4 parts remaining \| completed/)
  expect(stripVTControlCharacters(stdout)).toContain('state  completed')
  const seen = (await piped.ended).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(seen[0]).toMatchObject({ state: 'mapping', remaining: 3 })
  expect(seen.at(-1)).toMatchObject({ state: 'completed', remaining: 0 })
})

test('D1 dispatch draws a bar on a terminal, and then its report', async (context) => {
  await work.start()
  await work.add(stores, undefined, { id: 'stores' })
  await expect.poll(async () => (await work.get('stores'))?.state).toBe('completed')
  const items = '--consume-job-items stores --consume-job-attribute id --consumer shop'
  const ran = await onTerminal(context, `dispatch ${items}`)
  expect(ran.code).toBe(1)
  expect(ran.stdout).toMatch(/█{40} 100% \| 0 of 2 parts remaining \| completed/)
  const lines = stripVTControlCharacters(ran.stdout).split('\n')
  expect(lines[0]).toBe('The items of stores are handed over to shop, as dispatch.shop')
  expect(lines).toEqual(
    expect.arrayContaining(['items      4', 'run        2', 'completed  2', 'refused    1', 'repeated   1']),
  )
  expect(lines).toContain('item 3     it has no `id`')
  expect(lines).toContain('error: Not all items of dispatch.shop were run well: 1 refused')
})

test('Ctrl-C ends the watching at once, and the terminal is as it was', async (context) => {
  await work.stop()
  const { id } = await work.run(slow, [0], { id: 'idle' })
  const watched = startOnTerminal(context, `info --watch ${id}`)
  await expect.poll(() => watched.said.stdout).toContain('1 of 1 parts remaining')
  expect(watched.said.stdout).toContain(hideCursor)
  watched.child.stdin.write('\u0003')
  const { code, stdout } = await watched.ended
  expect(code).toBe(130)
  expect(stdout.lastIndexOf(showCursor)).toBeGreaterThan(stdout.lastIndexOf(hideCursor))
})

test('info --watch of a job that failed says so and exits with 1', async () => {
  const { code, stdout, stderr } = await shell('$piecework info --watch two', { PIECEWORK_STORAGE: storage })
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({ id: 'two', state: 'failed' })
  expect(stderr).toMatch(/^error: The job two failed at part 1: bad page, [^\n]+\n$/)
})
