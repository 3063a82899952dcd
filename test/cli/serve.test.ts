/** `serve`: the HTTP face on a storage, from a shell. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { type Piecework, piecework, task } from '../../src/index.ts'
import { inside } from './inside.ts'
import { type Shell, shell, start } from './kit.ts'

const folder = mkdtempSync(join(tmpdir(), 'piecework-cli-'))
const file = join(folder, 'work.db')
const env = { PIECEWORK_STORAGE: `sqlite:${file}` }
const tokenFile = join(folder, 'token.txt')
const token = 'not-so-very-secret'
const mail = task('mail', { run: () => {} })
let work: Piecework

beforeAll(async () => {
  writeFileSync(tokenFile, `${token}\n`)
  work = piecework({ storage: sqlite(file), definitions: [mail] })
  await work.add(mail, undefined, { id: 'first' })
})
afterAll(async () => {
  await work.close()
  rmSync(folder, { recursive: true, force: true })
})

async function addressOf(serving: Shell): Promise<string> {
  await expect.poll(() => serving.said.stdout, { timeout: 20_000 }).toMatch(/\n$/)
  return (JSON.parse(serving.said.stdout) as { address: string }).address
}

test('serve answers what the storage holds, lets who has the token change it, and ends when told to', async () => {
  const serving = start(`exec $piecework serve --port 0 --token-file '${tokenFile}'`, env)
  const address = await addressOf(serving)
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  const call = (path: string, method: string, headers = {}) => fetch(`${address}${path}`, { method, headers })
  const headers = { authorization: `Bearer ${token}` }
  expect(await (await call('/status', 'GET', headers)).json()).toMatchObject({ tasks: { mail: { waiting: 1 } } })
  expect(await (await call('/metrics', 'GET', headers)).text()).toContain('{name="mail",state="waiting"} 1')
  expect(await (await call('/status?format=party', 'GET', headers)).json()).toMatchObject({
    pending: [{ count: 1, _id: 'mail', upcoming: 'first' }],
  })
  expect((await call('/tasks/first/cancel', 'POST')).status).toBe(403)
  expect((await call('/status', 'GET')).status).toBe(403)
  // Its definition is in the app: run here, it would fail.
  expect((await call('/tasks/first/run', 'POST', headers)).ok).toBe(false)
  expect(await work.get('first')).toMatchObject({ state: 'waiting', attempts: 0 })
  expect((await call('/tasks/first/cancel', 'POST', headers)).status).toBe(200)
  expect(await work.get('first')).toMatchObject({ state: 'cancelled' })
  serving.child.kill('SIGTERM')
  expect(await serving.ended).toMatchObject({ code: 0, stderr: '' })
  expect(serving.said.stdout).not.toContain(token)
})

test('serve on a unix socket, where nobody may change anything without a token', async () => {
  const path = join(folder, 'face.sock')
  const serving = start(`exec $piecework serve --unix '${path}'`, env)
  expect(await addressOf(serving)).toBe(path)
  const curl = (more: string) => shell(`curl -s --max-time 10 --unix-socket '${path}' ${more}`)
  expect((await curl('http://x/tasks/first')).stdout).toContain('"name":"mail"')
  expect((await curl('-X POST http://x/tasks/first/retry')).stdout).toContain('"read_only"')
  serving.child.kill('SIGINT')
  expect(await serving.ended).toMatchObject({ code: 0, stderr: '' })
})

test.each([
  [['--token-file', join(folder, 'none')], 'ENOENT'],
  [['--token-file', join(folder, 'short.txt')], 'to hold one word of 16 characters or more'],
  [['--port', '1', '--unix', 'x'], "'--port <n>' cannot be used with option '--unix <path>'"],
  [['--port', '65536'], 'from 0 to 65535'],
  [['--unix', join(folder, 'no', 'such', 'place')], 'listen E'],
])('CL-04 serve %j is refused, and no secret is said', async (flags, line) => {
  writeFileSync(join(folder, 'short.txt'), 'tooshort')
  const { code, stdout, stderr } = await inside(['serve', ...flags, '--storage', env.PIECEWORK_STORAGE])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stripVTControlCharacters(stderr)).toMatch(/^error: [^\n]+\n$/)
  expect(stderr).toContain(line)
  expect(stderr).not.toContain('tooshort')
})
