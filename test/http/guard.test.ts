/** Who may do what over HTTP, and what a stranger's page, a stranger's name and a stranger's words can do: nothing. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { bearerToken, type HttpOptions, httpHandler, serveHttp } from '../../src/http/index.ts'
import type { Piecework } from '../../src/index.ts'
import { type Ask, byCurl, byHandler, changing, curl, curlReason, definitions, hasCurl, workOf, yes } from './kit.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function start(options: HttpOptions): { work: Piecework; ask: Ask; note: ReturnType<typeof definitions>['note'] } {
  const { all, note } = definitions()
  const work = workOf(all)
  const handler = httpHandler(work, options)
  closing.push(
    () => work.close(),
    () => handler.close(),
  )
  return { work, note, ask: byHandler(handler) }
}

const looking = ['/tasks/a', '/jobs', '/status', '/status?format=party', '/metrics', '/schedules']

describe('who may', () => {
  test('HT-04 without authorize everybody may look and nobody may change anything', async () => {
    const { work, ask, note } = start({})
    await work.add(note, 1, { id: 'a' })
    const before = await work.get('a')
    for (const [method, path] of changing) {
      const answer = await ask(method, path, path === '/tasks' ? { json: { tasks: [{ name: 'note' }] } } : {})
      expect([path, answer.status, answer.body]).toMatchObject([path, 403, { error: { code: 'read_only' } }])
    }
    for (const path of looking) expect([path, (await ask('GET', path)).status]).toEqual([path, 200])
    expect(await work.get('a')).toEqual(before)
    expect((await work.status()).tasks.note).toEqual({ waiting: 1 })
  })

  test('HT-04 with authorize, who is refused gets nothing but the document, and a yes is `true` alone', async () => {
    for (const verdict of [false, undefined, 1, 'true', {}]) {
      const authorize = vi.fn(() => verdict as boolean)
      const { work, ask, note } = start({ authorize })
      await work.add(note, 1, { id: 'a' })
      const all = [...changing, ...[...looking, '/nowhere', '/events'].map((path) => ['GET', path] as const)]
      for (const [method, path] of all) {
        const answer = await ask(method, path)
        expect([path, answer.status, answer.body]).toMatchObject([path, 403, { error: { code: 'forbidden' } }])
      }
      expect(authorize).toHaveBeenCalledTimes(all.length)
      expect((await ask('GET', '/openapi.json')).status).toBe(200)
      expect(authorize).toHaveBeenCalledTimes(all.length)
      expect(await work.get('a')).toMatchObject({ state: 'waiting', attempts: 0 })
    }
  })

  test('an authorize that throws or rejects refuses, and what it said is not passed on', async () => {
    const fail = () => {
      throw new Error('postgres://user:secret@db')
    }
    for (const authorize of [fail, async () => fail()]) {
      const { ask } = start({ authorize })
      const answer = await ask('POST', '/tasks', { json: { tasks: [{ name: 'note' }] } })
      expect(answer).toMatchObject({ status: 503, body: { error: { code: 'unavailable' } } })
      expect(answer.text).not.toContain('secret')
    }
  })

  test('authorize sees method, address and headers, and cannot take the body away from the route', async () => {
    const seen: unknown[] = []
    const authorize = async (request: Request) => {
      seen.push([request.method, new URL(request.url).pathname, request.headers.get('x-who'), await request.text()])
      return true
    }
    const { ask } = start({ authorize })
    const sent = { json: { tasks: [{ name: 'note' }] }, headers: { 'x-who': 'me' } }
    expect((await ask('POST', '/tasks', sent)).status).toBe(201)
    expect(seen).toEqual([['POST', '/tasks', 'me', '']])
  })

  test('HT-09 bearerToken lets through who has the token, in whatever way others are near it', async () => {
    const token = 'correct horse'.padEnd(20, 'x').replace(' ', '-')
    const { ask } = start({ authorize: bearerToken(token) })
    const status = async (authorization?: string) =>
      (await ask('GET', '/jobs', authorization === undefined ? {} : { headers: { authorization } })).status
    expect(await status(`Bearer ${token}`)).toBe(200)
    expect(await status(`bearer  ${token}`)).toBe(200)
    for (const wrong of [
      undefined,
      '',
      'Bearer',
      `Bearer ${token}x`,
      `Bearer ${token.slice(1)}`,
      `Basic ${token}`,
      token,
    ]) {
      expect(await status(wrong)).toBe(403)
    }
    expect((await ask('GET', `/jobs?token=${token}`)).status).toBe(403)
    for (const short of ['', 'secret', undefined]) {
      expect(() => bearerToken(short)).toThrow(new TypeError('Expected `token` to be a text of 16 characters or more'))
    }
  })

  test('HT-04 others than this machine can call a server only where authorize is given', async () => {
    const work = workOf([])
    closing.push(() => work.close())
    for (const host of ['0.0.0.0', '::', '192.0.2.1']) {
      await expect(serveHttp(work, { host, port: 0 })).rejects.toThrow('Expected `authorize` to be given')
    }
    const server = await serveHttp(work, { host: '0.0.0.0', port: 0, ...yes })
    await server.close()
  })
})

describe('from where', () => {
  const tasks = { json: { tasks: [{ name: 'note' }] } }

  test("HT-05 another site's page changes nothing, whatever it sends; this one's and those that are named may", async () => {
    const { work, ask } = start({ ...yes, origins: ['https://admin.example.org'] })
    const from = (headers: Record<string, string>) => ask('POST', '/tasks', { ...tasks, headers })
    const others = [
      'https://evil.example',
      'http://127.0.0.1:81',
      'null',
      'https://admin.example.org.evil.example',
      'x',
    ]
    for (const origin of others) {
      expect(await from({ origin })).toMatchObject({ status: 403, body: { error: { code: 'wrong_origin' } } })
    }
    expect(await from({ 'sec-fetch-site': 'cross-site' })).toMatchObject({ status: 403 })
    expect((await work.status()).tasks.note).toEqual({})
    for (const origin of ['http://127.0.0.1', 'https://admin.example.org']) {
      expect((await from({ origin, 'sec-fetch-site': 'cross-site' })).status).toBe(201)
    }
    expect((await from({ 'sec-fetch-site': 'same-origin' })).status).toBe(201)
  })

  test('HT-05 what an HTML form can send is refused, and no answer allows another site to read it', async () => {
    const { work, ask, note } = start(yes)
    await work.add(note, 1, { id: 'a' })
    const types = [
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/plain',
      '',
      'text/json',
    ]
    for (const type of types) {
      const headers = { 'content-type': type }
      const raw = JSON.stringify(tasks.json)
      expect(await ask('POST', '/tasks', { raw, headers })).toMatchObject({
        status: 415,
        body: { error: { code: 'not_json' } },
      })
    }
    const form = { raw: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }
    expect((await ask('POST', '/tasks/a/cancel', form)).status).toBe(415)
    expect(await work.get('a')).toMatchObject({ state: 'waiting' })
    const handler = httpHandler(work, yes)
    closing.push(() => handler.close())
    const answer = await handler(new Request('http://127.0.0.1/jobs', { headers: { origin: 'https://evil.example' } }))
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  test('HT-08 a server on this machine does not answer to a name that was pointed at it', async ({ skip }) => {
    skip(!hasCurl, curlReason)
    const work = workOf([])
    const server = await serveHttp(work, { port: 0 })
    closing.push(
      () => work.close(),
      () => server.close(),
    )
    const named = (host: string) => curl(['-H', `Host: ${host}`, '-w', ' %{http_code}', `${server.address}/jobs`])
    expect((await named(`evil.example:${server.port}`)).stdout).toMatch(/"wrong_host".* 403$/)
    const forwarded = ['-H', 'X-Forwarded-Host: localhost', '-H', 'Host: evil.example']
    expect((await curl([...forwarded, `${server.address}/jobs`])).stdout).toContain('"wrong_host"')
    for (const host of ['localhost', `LOCALHOST:${server.port}`, '127.0.0.1', '[::1]:9']) {
      expect((await named(host)).stdout).toMatch(/ 200$/)
    }
  })
})

describe('whose words', () => {
  const markup = '<script>alert(1)</script>'

  test('HT-06 nothing that is answered is a page, and markup in it is none', async ({ skip }) => {
    skip(!hasCurl, curlReason)
    const { all, fail } = definitions()
    const work = workOf(all)
    const server = await serveHttp(work, { port: 0, ...yes })
    closing.push(
      () => work.close(),
      () => server.close(),
    )
    await work.add(fail, markup, { id: 'x<b>"\'&' })
    await work.drain()
    const path = `/tasks/${encodeURIComponent('x<b>"\'&')}`
    const shown = await byCurl(server.address)('GET', path)
    expect(shown).toMatchObject({ status: 200, body: { input: markup, errors: [{ message: markup }] } })
    const { stdout } = await curl(['-i', `${server.address}${path}`])
    expect(stdout).not.toContain('<')
    expect(stdout).toMatch(/content-type: application\/json/i)
    expect(stdout).toMatch(/x-content-type-options: nosniff/i)
    expect(stdout).toMatch(/content-security-policy: default-src 'none'/i)
  })

  test('HT-06 what a caller sent comes back in an error only as text, and cut', async () => {
    const { ask } = start(yes)
    const long = `${markup}${'x'.repeat(5_000)}`
    const answers = [
      await ask('GET', `/tasks/${encodeURIComponent(markup)}`),
      await ask('GET', `/tasks/${encodeURIComponent(long)}`),
      await ask('GET', `/${encodeURIComponent(markup)}`),
      await ask('GET', `/jobs?${encodeURIComponent(markup)}=1`),
      await ask('POST', `/tasks/${encodeURIComponent('\u001b[31m\r\nSet-Cookie: a')}/run`),
      await ask('POST', '/tasks', { json: { tasks: [{ name: long }] } }),
      await ask('POST', '/tasks', { json: { tasks: [{ name: 'note', [long]: 1 }] } }),
      await ask('POST', '/tasks', { json: { tasks: [{ name: 'note', id: `\u0000${long}` }] } }),
    ]
    for (const { status, type, text, body } of answers) {
      expect(status).toBeGreaterThanOrEqual(400)
      expect(type).toBe('application/json; charset=utf-8')
      expect(text).not.toMatch(/[<\p{Cc}]/u)
      expect(text.length).toBeLessThan(700)
      expect(Object.keys(body as object)).toEqual(['error'])
    }
  })

  test.each(['__proto__', 'constructor', 'toString', '%00', '%ff', '%', '%2e%2e', '~pause note', 'a%0d%0ab', '€'])(
    'a hostile id, %s, finds nothing and breaks nothing',
    async (id) => {
      const { ask } = start(yes)
      for (const path of [`/tasks/${id}`, `/jobs/${id}`]) expect([400, 404]).toContain((await ask('GET', path)).status)
      for (const name of ['__proto__', 'constructor', 'toString']) {
        expect((await ask('POST', '/tasks', { json: { tasks: [{ name }] } })).status).toBe(400)
      }
    },
  )

  test('what goes wrong inside is said without its words', async () => {
    const { all } = definitions()
    const work = workOf(all)
    const handler = httpHandler(work, yes)
    closing.push(() => handler.close())
    const secret = 'connect postgres://user:secret@db failed'
    // What is thrown need not be an error.
    for (const thrown of [new Error(secret), secret, null]) {
      vi.spyOn(work, 'status').mockRejectedValue(thrown)
      for (const path of ['/status', '/metrics', '/status?format=party']) {
        const { status, text } = await byHandler(handler)('GET', path)
        expect([status, text]).toEqual([503, expect.not.stringContaining('secret')])
      }
    }
    vi.restoreAllMocks()
    await work.close()
    expect(await byHandler(handler)('GET', '/status')).toMatchObject({
      status: 503,
      body: { error: { code: 'stopped' } },
    })
  })
})

test.each<[object, string]>([
  [{ authorise: yes.authorize }, 'Expected `options` to hold only authorize, '],
  [{ authorize: 'yes' }, 'Expected `authorize` to be a function, got `yes` (string)'],
  [{ basePath: 'x' }, "Expected `basePath` to be a path like '/piecework', got `x` (string)"],
  [{ bodyLimit: 0 }, 'Expected `bodyLimit` to be bytes, from 1 and up, got `0` (number)'],
  [{ origins: ['https://x.org/'] }, 'Expected `origins` to be made of origins like'],
  [{ hosts: 'localhost' }, 'Expected `hosts` to be an array of strings, got `localhost` (string)'],
  [{ heartbeat: 'often' }, "Expected `heartbeat` to be milliseconds or a duration like '5m'"],
])('an option that cannot be is refused: %j', (options, message) => {
  const work = workOf([])
  expect(() => httpHandler(work, options)).toThrow(message)
  expect(() => httpHandler({} as Piecework)).toThrow('Expected `work` to be what `piecework(...)` gives')
})

test('under a basePath the routes begin there, and nowhere else', async () => {
  const { ask } = start({ ...yes, basePath: '/queue/v1' })
  expect((await ask('POST', '/queue/v1/tasks', { json: { tasks: [{ name: 'note', id: 'a' }] } })).status).toBe(201)
  expect(await ask('GET', '/queue/v1/tasks/a')).toMatchObject({ status: 200 })
  expect(await ask('GET', '/queue/v1/openapi.json')).toMatchObject({ body: { servers: [{ url: '/queue/v1' }] } })
  for (const path of ['/tasks/a', '/openapi.json', '/queue/openapi.json'])
    expect((await ask('GET', path)).status).toBe(404)
})
