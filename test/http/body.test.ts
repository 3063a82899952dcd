/** Bodies that are too large, too slow, or no JSON. */
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type HttpServer, httpHandler, type ServeOptions, serveHttp } from '../../src/http/index.ts'
import { byHandler, curl, curlReason, definitions, hasCurl, workOf, yes } from './kit.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function serving(options: ServeOptions = {}): Promise<HttpServer> {
  const work = workOf(definitions().all)
  const server = await serveHttp(work, { port: 0, ...yes, ...options })
  closing.push(
    () => work.close(),
    () => server.close(),
  )
  return server
}

const type = ['-H', 'content-type: application/json']
const gigabyte = 1_000_000_000

describe('a body that is no JSON', () => {
  test.each<[string, string | Uint8Array, number]>([
    ['nothing', '', 400],
    ['half an object', '{"tasks":[', 400],
    ['two', '{} {}', 400],
    ['a byte order mark', '\ufeff{"tasks":[{"name":"note"}]}', 400],
    ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 400],
    ['NaN', '{"tasks":[{"name":"note","priority":NaN}]}', 400],
    ['a hundred thousand brackets', '['.repeat(100_000), 400],
    ['a hundred thousand levels', `{"tasks":[{"name":"note","input":${'['.repeat(1e5)}${']'.repeat(1e5)}}]}`, 400],
  ])('HT-02 is told so and not echoed: %s', async (_, raw, status) => {
    const handler = httpHandler(workOf(definitions().all), yes)
    const answer = await byHandler(handler)('POST', '/tasks', { raw, headers: { 'content-type': 'application/json' } })
    expect(answer).toMatchObject({ status, body: { error: { code: expect.any(String) } } })
    expect(answer.text).not.toContain('tasks":[')
    handler.close()
  })

  test('HT-02 a body that was packed is refused before it is unpacked', async () => {
    const handler = httpHandler(workOf([]), yes)
    for (const coding of ['gzip', 'br', 'deflate, gzip']) {
      const headers = { 'content-type': 'application/json', 'content-encoding': coding }
      expect(await byHandler(handler)('POST', '/tasks', { raw: '{}', headers })).toMatchObject({
        status: 415,
        body: { error: { code: 'encoded' } },
      })
    }
    handler.close()
  })

  test('HT-02 by curl', async ({ skip }) => {
    skip(!hasCurl, curlReason)
    const { address } = await serving()
    const { stdout } = await curl([...type, '--data-binary', '{"tasks":', '-w', ' %{http_code}', `${address}/tasks`])
    expect(stdout).toBe('{"error":{"code":"malformed_json","message":"The body is not JSON"}} 400')
  })

  test('an input whose keys mean something to the language is an input like any other', async () => {
    const work = workOf(definitions().all)
    const handler = httpHandler(work, yes)
    const raw = '{"tasks":[{"name":"note","id":"p","input":{"__proto__":{"polluted":1},"constructor":2}}]}'
    expect(
      (await byHandler(handler)('POST', '/tasks', { raw, headers: { 'content-type': 'application/json' } })).status,
    ).toBe(201)
    expect(JSON.stringify((await work.get('p'))?.input)).toBe('{"__proto__":{"polluted":1},"constructor":2}')
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
    handler.close()
  })
})

describe('a body of a gigabyte', () => {
  /** Counts what the server took before it cut the line, while memory is watched. */
  function pour(
    server: HttpServer,
    head: string,
    chunk: (bytes: Buffer) => Buffer,
  ): Promise<{ sent: number; said: string }> {
    const socket = connect(server.port!, '127.0.0.1')
    let sent = 0
    let said = ''
    const bytes = chunk(Buffer.alloc(1 << 16, 0x20))
    const more = () => {
      while (!socket.destroyed && socket.writable && sent < gigabyte) {
        sent += bytes.length
        if (!socket.write(bytes)) return
      }
    }
    return new Promise((resolve) => {
      socket.on('data', (data) => {
        said += data
      })
      socket.on('error', () => {})
      socket.on('close', () => resolve({ sent, said }))
      socket.on('drain', more)
      socket.on('connect', () => {
        socket.write(`POST /tasks HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${head}\r\n\r\n`)
        more()
      })
    })
  }

  test.each([
    ['of a length that is told', `content-length: ${gigabyte}`, (bytes: Buffer) => bytes],
    [
      'in chunks without an end',
      'transfer-encoding: chunked',
      (bytes: Buffer) => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]),
    ],
  ])('HT-01 is answered 413, cut off, and never in memory: %s', async (_, head, chunk) => {
    const server = await serving()
    const before = process.memoryUsage().rss
    const { sent, said } = await pour(server, head, chunk)
    const grown = process.memoryUsage().rss - before
    console.log(`cut off after ${Math.round(sent / 1e6)} MB, ${Math.round(grown / 1e6)} MB more memory`)
    expect(said).toMatch(/^HTTP\/1\.1 413 /)
    expect(said).toContain('"too_large"')
    // What is on its way in buffers and what is thrown away so that the client can read the answer.
    expect(sent).toBeLessThan(200e6)
    expect(grown).toBeLessThan(300e6)
  })

  test('HT-01 as curl sends it', async ({ skip }) => {
    skip(!hasCurl, curlReason)
    const { address } = await serving()
    for (const more of [[], ['-H', 'Expect:']]) {
      const { stdout } = await curl([
        ...type,
        ...more,
        '-X',
        'POST',
        '-T',
        '/dev/zero',
        '-w',
        ' %{http_code}',
        `${address}/tasks`,
      ])
      expect(stdout).toMatch(/"too_large".* 413$/)
    }
  })

  test('the limit is exact, and may be another', async () => {
    const work = workOf(definitions().all)
    const handler = httpHandler(work, { ...yes, bodyLimit: 100 })
    const headers = { 'content-type': 'application/json' }
    const raw = '{"tasks":[{"name":"note"}]}'
    expect((await byHandler(handler)('POST', '/tasks', { raw: raw.padEnd(100), headers })).status).toBe(201)
    expect((await byHandler(handler)('POST', '/tasks', { raw: raw.padEnd(101), headers })).status).toBe(413)
    // A length that is a lie does not help.
    const lie = { ...headers, 'content-length': '10' }
    expect((await byHandler(handler)('POST', '/tasks', { raw: raw.padEnd(101), headers: lie })).status).toBe(413)
    handler.close()
    expect((await work.status()).tasks.note).toEqual({ waiting: 1 })
  })
})

describe('a slow client', () => {
  /** Sends a piece of a request and then nothing; resolves with what it was told when it was cut off. */
  function stall(server: HttpServer, head: string): Promise<string> {
    const socket = connect(server.port!, '127.0.0.1', () => socket.write(head))
    let said = ''
    socket.on('data', (data) => {
      said += data
    })
    socket.on('error', () => {})
    return new Promise((resolve) => socket.on('close', () => resolve(said)))
  }

  test('HT-03 is cut off when its headers, or its body, take too long', async () => {
    const server = await serving({ headersTimeout: 200, requestTimeout: 400 })
    const length = 'content-type: application/json\r\ncontent-length: 100'
    const body = `POST /tasks HTTP/1.1\r\nhost: localhost\r\n${length}\r\n\r\n{"tasks":`
    const told = await Promise.all([
      stall(server, 'POST /tasks HTTP/1.1\r\nx-slow: '),
      stall(server, body),
      stall(server, ''),
    ])
    expect(told[0]).toMatch(/^HTTP\/1\.1 408 /)
    expect(told[1]).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('HT-03 five hundred that send nothing keep nobody else waiting', async ({ skip }) => {
    skip(!hasCurl, curlReason)
    const server = await serving()
    const idle: Socket[] = []
    closing.push(() => idle.forEach((socket) => void socket.destroy()))
    await Promise.all(
      Array.from({ length: 500 }, () => {
        return new Promise<void>((resolve) => {
          const socket = connect(server.port!, '127.0.0.1', () =>
            socket.write('GET /jobs HTTP/1.1\r\n', () => resolve()),
          )
          idle.push(socket.on('error', () => {}))
        })
      }),
    )
    const { stdout } = await curl(['-w', ' %{http_code} %{time_total}', `${server.address}/jobs`])
    const [, status, seconds] = / (\d+) ([\d.]+)$/.exec(stdout) ?? []
    console.log(`answered in ${seconds} s beside 500 that say nothing`)
    expect(status).toBe('200')
    expect(Number(seconds)).toBeLessThan(5)
  })
})
