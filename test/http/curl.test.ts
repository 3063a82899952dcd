/** What whoever calls by curl is told when something is wrong with the call: who they are, how much, how slow, in what form. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bearerToken, type HttpServer, type ServeOptions, serveHttp } from '../../src/http/index.ts'
import type { Piecework } from '../../src/index.ts'
import { shell } from '../cli/kit.ts'
import { changing, curl, curlReason, definitions, hasCurl, workOf } from './kit.ts'

const token = 'a-token-of-the-tests'
const gigabyte = 1 << 30
const folder = mkdtempSync(join(tmpdir(), 'piecework-curl-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let work: Piecework
let server: HttpServer | undefined
beforeEach(({ skip }) => {
  skip(!hasCurl, curlReason)
  work = workOf(definitions().all)
})
afterEach(async () => {
  await server?.close()
  server = undefined
  await work?.close()
})

async function serving(options: ServeOptions = { authorize: bearerToken(token) }): Promise<string> {
  server = await serveHttp(work, { port: 0, ...options })
  return server.address
}

const status = ['-w', ' %{http_code}']
const json = ['-H', 'content-type: application/json']
const known = ['-H', `authorization: Bearer ${token}`]
const note = ['--data-binary', '{"tasks":[{"name":"note"}]}']
const error = (code: string, message: string, status: number) =>
  `{"error":{"code":"${code}","message":"${message}"}} ${status}`

describe('HT-04 missing auth', () => {
  const sending = (path: string) => (path === '/tasks' ? [...json, ...note] : [])

  test('without a token, or with another, nothing is answered but the document', async () => {
    const address = await serving()
    const nobody = [[], ['-H', `authorization: Bearer ${token}x`], ['-u', `user:${token}`]]
    for (const who of nobody) {
      for (const [method, path] of [...changing, ['GET', '/jobs'] as const, ['GET', '/events'] as const]) {
        const { stdout } = await curl(['-X', method, ...who, ...sending(path), ...status, `${address}${path}`])
        expect([path, stdout]).toEqual([path, error('forbidden', 'You may not do this', 403)])
      }
    }
    expect((await curl([...status, '-o', '/dev/null', `${address}/openapi.json`])).stdout).toBe(' 200')
    expect((await curl([...known, ...json, ...note, ...status, `${address}/tasks`])).stdout).toMatch(/"added".* 201$/)
    expect((await work.status()).tasks.note).toEqual({ waiting: 1 })
  })

  test('where the app gave no authorize nobody may change anything, whatever they send', async () => {
    const address = await serving({})
    for (const [method, path] of changing) {
      const { stdout } = await curl(['-X', method, ...known, ...sending(path), ...status, `${address}${path}`])
      const message = 'Nothing can be changed here: the app gave no `authorize`'
      expect([path, stdout]).toEqual([path, error('read_only', message, 403)])
    }
    expect((await curl([...status, `${address}/jobs`])).stdout).toBe('{"jobs":[],"next":null} 200')
  })
})

test.each([
  ['half an object', '{"tasks":[', 'malformed_json', 'The body is not JSON', 400],
  ['a word', 'tasks', 'malformed_json', 'The body is not JSON', 400],
  ['another object', '{"task":[]}', 'bad_request', 'Expected the body to be `{ "tasks": [...] }`', 400],
])('HT-02 malformed JSON: %s', async (_, body, code, message, wanted) => {
  const address = await serving()
  const { stdout } = await curl([...known, ...json, '--data-binary', body, ...status, `${address}/tasks`])
  const [told = '', end] = stdout.split(/ (?=\d+$)/)
  expect([JSON.parse(told), Number(end)]).toEqual([{ error: { code, message } }, wanted])
})

test.each([
  ['of a length that is told', []],
  ['in chunks', ['-H', 'transfer-encoding: chunked']],
])('HT-01 a body of a gigabyte, %s, is refused at once and never in memory', async (_, how) => {
  const address = await serving()
  const file = join(folder, 'gigabyte')
  const handle = openSync(file, 'w')
  ftruncateSync(handle, gigabyte)
  closeSync(handle)
  const before = process.memoryUsage().rss
  const about = '\n%{http_code} %{size_upload} %{time_total}'
  const { stdout } = await curl([...known, ...json, ...how, '-X', 'POST', '-T', file, '-w', about, `${address}/tasks`])
  const [told, figures = ''] = stdout.split('\n')
  const [code, sent, seconds] = figures.split(' ').map(Number)
  console.log(`${sent} bytes were sent in ${seconds} s, ${process.memoryUsage().rss - before} bytes more of memory`)
  expect(told).toBe('{"error":{"code":"too_large","message":"A body may have 1048576 bytes"}}')
  expect(code).toBe(413)
  expect(sent).toBeLessThan(gigabyte / 5)
  expect(process.memoryUsage().rss - before).toBeLessThan(300e6)
})

test('HT-03 a slow client, with its body or its headers, is told that it took too long, and others are answered meanwhile', async () => {
  const address = await serving({ authorize: bearerToken(token), headersTimeout: '200ms', requestTimeout: '400ms' })
  /** Is fed with the beginning of what it is to send, and then for some seconds with nothing. */
  const slowly = (begun: string, line: string) => shell(`(printf '${begun}'; sleep 3) | curl -sS --max-time 20 ${line}`)
  const headers = [...known, ...json].map((each) => `'${each}'`).join(' ')
  const slow = [
    slowly('{"tasks":[', `-X POST ${headers} -T - -w ' %{http_code}' ${address}/tasks`),
    slowly('GET /jobs HTTP/1.1\\r\\nx-slow: ', address.replace('http', 'telnet')),
  ]
  expect((await curl([...known, ...status, `${address}/jobs`])).stdout).toMatch(/ 200$/)
  const [body, head] = await Promise.all(slow)
  expect(body!.stdout).toBe(' 408')
  expect(head!.stdout).toMatch(/^HTTP\/1\.1 408 /)
  expect((await work.status()).tasks.note).toEqual({})
})
