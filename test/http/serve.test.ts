/** The server of one line: where it listens, what it leaves behind, and how it ends. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ServeOptions, serveHttp } from '../../src/http/index.ts'
import { byCurl, curl, curlReason, definitions, hasCurl, workOf, yes } from './kit.ts'

const closing: (() => unknown)[] = []
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'piecework-http-'))
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  rmSync(folder, { recursive: true, force: true })
})

async function serving(options: ServeOptions) {
  const defined = definitions()
  const work = workOf(defined.all)
  closing.push(() => work.close({ timeout: 0 }), defined.open)
  const server = await serveHttp(work, { ...yes, ...options })
  closing.push(() => server.close())
  return { ...defined, work, server }
}

describe('on a unix socket', () => {
  test('Y8 it answers curl --unix-socket, is for its user alone, and is gone after close', async ({ skip }) => {
    skip(!hasCurl, curlReason)
    const path = join(folder, 'party.sock')
    const { server } = await serving({ path })
    expect([server.address, server.port]).toEqual([path, undefined])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const added = await byCurl(path)('POST', '/tasks', { json: { tasks: [{ party: 'note', data: { a: 1 } }] } })
    expect(added).toMatchObject({ status: 201, body: { tasks: [{ party: 'note' }] } })
    expect(await byCurl(path)('GET', '/status?format=party')).toMatchObject({ body: { pending: [{ count: 1 }] } })
    await server.close()
    expect(existsSync(path)).toBe(false)
  })

  test('what a process that was killed left there is removed', async () => {
    const path = join(folder, 'stale.sock')
    const program = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('listens'))`
    const child = spawn(process.execPath, ['-e', program])
    const ended = new Promise((resolve) => child.on('close', resolve))
    await new Promise((resolve) => child.stdout.once('data', resolve))
    child.kill('SIGKILL')
    await ended
    expect(existsSync(path)).toBe(true)
    const { server } = await serving({ path })
    expect(server.address).toBe(path)
  })

  test('one that somebody listens at stays theirs', async () => {
    const path = join(folder, 'live.sock')
    const other = createServer((socket) => socket.end())
    await new Promise<void>((resolve) => other.listen(path, resolve))
    closing.push(() => new Promise((resolve) => other.close(resolve)))
    const { ino } = statSync(path)
    await expect(serveHttp(workOf([]), { path })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(statSync(path).ino).toBe(ino)
  })

  test('nothing else is ever removed: no file, no folder, no link', async () => {
    const file = join(folder, 'precious')
    writeFileSync(file, 'x')
    const link = join(folder, 'link')
    symlinkSync(file, link)
    for (const path of [file, folder, link]) {
      await expect(serveHttp(workOf([]), { path })).rejects.toMatchObject({ code: 'EADDRINUSE' })
      expect(existsSync(path)).toBe(true)
    }
    await expect(serveHttp(workOf([]), { path: join(folder, 'none/x.sock') })).rejects.toThrow()
  })
})

describe('on TCP', () => {
  test('it listens at this machine alone, and says where', async ({ skip }) => {
    skip(!hasCurl, curlReason)
    const { server } = await serving({ port: 0 })
    expect(server.address).toBe(`http://127.0.0.1:${server.port}`)
    expect(await byCurl(server.address)('GET', '/jobs')).toMatchObject({ status: 200 })
  })

  test('a port that is taken is an error, and nothing is left of the try', async () => {
    const { server } = await serving({ port: 0 })
    await expect(serveHttp(workOf([]), { port: server.port! })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  test('a connection that cannot be accepted, as descriptors are used up, ends nothing', async () => {
    const { server } = await serving({ port: 0 })
    // There is no other way to the server of Node than through the list of what a process has open.
    const open = (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles()
    const own = open.find((one) => one instanceof Server && (one.address() as AddressInfo | null)?.port === server.port)
    expect((own as Server).emit('error', new Error('accept EMFILE'))).toBe(true)
    expect((await fetch(`${server.address}/status`)).status).toBe(200)
  })

  test('Node itself refuses what is no HTTP', async ({ skip }) => {
    skip(!hasCurl, curlReason)
    const { server } = await serving({ port: 0 })
    const { stdout } = await curl(['-H', `x: ${'y'.repeat(20_000)}`, '-w', ' %{http_code}', `${server.address}/jobs`])
    expect(stdout).toMatch(/ 431$/)
  })
})

describe('close', () => {
  test('waits for what is being answered, ends idle connections, and is harmless twice', async ({ skip }) => {
    skip(!hasCurl, curlReason)
    const { server, work, wait, open } = await serving({ port: 0 })
    await work.add(wait, undefined, { id: 'long' })
    const running = byCurl(server.address)('POST', '/tasks/long/run')
    await expect.poll(async () => (await work.get('long'))?.state).toBe('running')
    const closed = Promise.all([server.close(), server.close()])
    await expect.poll(async () => (await curl([`${server.address}/jobs`])).code).toBe(7)
    open()
    expect(await running).toMatchObject({ status: 200, body: { state: 'completed' } })
    await closed
    await server[Symbol.asyncDispose]()
  })

  test('cuts off what takes longer than it was told, and the task goes on', async ({ skip }) => {
    skip(!hasCurl, curlReason)
    const { server, work, wait, open } = await serving({ port: 0 })
    await work.add(wait, undefined, { id: 'long' })
    const running = curl(['-X', 'POST', `${server.address}/tasks/long/run`])
    await expect.poll(async () => (await work.get('long'))?.state).toBe('running')
    const since = performance.now()
    await server.close({ timeout: 100 })
    expect(performance.now() - since).toBeLessThan(5_000)
    expect((await running).code).not.toBe(0)
    open()
    await expect.poll(async () => (await work.get('long'))?.state).toBe('completed')
  })
})

test('one that keeps no other handle open lets its process end after close', async () => {
  const here = JSON.stringify(join(import.meta.dirname, '../../src/http/index.ts'))
  const front = JSON.stringify(join(import.meta.dirname, '../../src/index.ts'))
  const memory = JSON.stringify(join(import.meta.dirname, '../../adapters/memory/index.ts'))
  const program = `
    import { serveHttp } from ${here}
    import { piecework } from ${front}
    import { memory } from ${memory}
    const work = piecework({ storage: memory(), definitions: [] })
    const server = await serveHttp(work, { port: 0 })
    const events = await fetch(server.address + '/events')
    await (await fetch(server.address + '/status')).json()
    await server.close()
    await events.text()
    console.log('closed')`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], { timeout: 20_000 })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => said.push(text))
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect([said.join(''), code]).toEqual(['closed\n', 0])
})

test.each<[object, string]>([
  [{ port: 70_000 }, 'Expected `port` to be an integer from 0 to 65535, got `70000` (number)'],
  [{ port: '80' }, 'Expected `port` to be an integer from 0 to 65535, got `80` (string)'],
  [{ port: 1, path: 'x' }, 'Expected either `port` or `path`, got both'],
  [{ path: '' }, 'Expected `path` to be the path of a socket'],
  [{ host: 1 }, 'Expected `host` to be an address to listen at'],
  [{ headersTimeout: 0 }, "Expected `headersTimeout` to be milliseconds or a duration like '5m'"],
  [{ prot: 1 }, 'Expected `options` to hold only authorize, '],
])('an option that cannot be is refused: %j', async (options, message) => {
  await expect(serveHttp(workOf([]), options)).rejects.toThrow(message)
})
