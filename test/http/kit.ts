/** Asks an instance over HTTP in two ways: by calling its handler, and as an operator does, by curl over a socket. */
import { spawn, spawnSync } from 'node:child_process'
import { memory } from '../../adapters/memory/index.ts'
import { type HttpHandler, type HttpServer, httpHandler, type ServeOptions, serveHttp } from '../../src/http/index.ts'
import { job, type Piecework, type PieceworkOptions, piecework, task } from '../../src/index.ts'

export const hasCurl = spawnSync('curl', ['--version']).status === 0
export const curlReason = 'this machine has no curl'

export const yes = { authorize: () => true }
const quiet = { info() {}, warn() {}, error() {} }

export interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
  /** The JSON that it is. */
  readonly body: unknown
}

export interface Asked {
  readonly json?: unknown
  /** As it is, instead of JSON. */
  readonly raw?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

export type Ask = (method: string, path: string, asked?: Asked) => Promise<Answer>

export function byHandler(handler: HttpHandler): Ask {
  return async (method, path, asked = {}) => {
    const { body, headers } = sent(asked)
    const request = new Request(`http://127.0.0.1${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
    const answer = await handler(request)
    return read(answer.status, answer.headers.get('content-type') ?? '', await answer.text())
  }
}

/** @param address of TCP, or the path of a unix socket */
export function byCurl(address: string): Ask {
  const isTcp = address.startsWith('http')
  return async (method, path, asked = {}) => {
    const { body, headers } = sent(asked)
    const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
    const where = isTcp ? [`${address}${path}`] : ['--unix-socket', address, `http://localhost${path}`]
    const how = method === 'HEAD' ? ['-I'] : ['-X', method]
    const data = body === undefined ? [] : ['--data-binary', '@-']
    const said = await curl([...how, ...lines, ...data, '-w', '\n%{http_code} %{content_type}', ...where], body)
    const end = said.stdout.lastIndexOf('\n')
    const [status = '', ...type] = said.stdout.slice(end + 1).split(' ')
    return read(Number(status), type.join(' '), method === 'HEAD' ? '' : said.stdout.slice(0, end))
  }
}

export interface Curled {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Ended by itself after 20 s. `--globoff`: what is in brackets is meant. */
export function curl(args: readonly string[], input?: string | Uint8Array): Promise<Curled> {
  const child = spawn('curl', ['-sS', '--path-as-is', '--globoff', '--max-time', '20', ...args])
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
    })
  }
  // It may end before it has read all.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...said })))
}

function sent({ json, raw, headers = {} }: Asked) {
  if (json === undefined) return { body: raw as string | Uint8Array<ArrayBuffer> | undefined, headers }
  return { body: JSON.stringify(json), headers: { 'content-type': 'application/json', ...headers } }
}

function read(status: number, type: string, text: string): Answer {
  const body = type.startsWith('application/json') && text !== '' ? JSON.parse(text) : {}
  return { status, type, text, body }
}

/** Adds what it is given to what it has seen, waits to be let go, or fails: whatever a test needs of a task. */
export function definitions() {
  const ran: unknown[] = []
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const note = task('note', {
    run: ({ input }: { input: unknown }) => {
      ran.push(input)
      return { got: input ?? null }
    },
  })
  const wait = task('wait', { run: () => gate })
  const fail = task('fail', {
    retry: () => 'stop',
    run: () => {
      throw new Error('<script>alert(1)</script>')
    },
  })
  const pages = job('pages', { map: ({ part }: { part: number }) => part, reduce: ({ total }) => ({ total }) })
  return { ran, open, note, wait, fail, pages, all: [note, wait, fail, pages] }
}

export function workOf(given: PieceworkOptions['definitions']): Piecework {
  return piecework({ storage: memory(), definitions: given, logger: quiet })
}

export interface World extends ReturnType<typeof definitions> {
  readonly work: Piecework
  readonly handler: HttpHandler
  readonly server: HttpServer
  readonly ways: { readonly handler: Ask; readonly curl: Ask }
  close(): Promise<void>
}

/** One instance behind a handler and a server. */
export async function world(options: ServeOptions = yes): Promise<World> {
  const defined = definitions()
  const work = workOf(defined.all)
  const server = await serveHttp(work, { port: 0, ...options })
  const { port, host, path, headersTimeout, requestTimeout, ...rest } = options
  const handler = httpHandler(work, rest)
  return {
    ...defined,
    work,
    handler,
    server,
    ways: { handler: byHandler(handler), curl: byCurl(server.address) },
    async close() {
      handler.close()
      defined.open()
      await server.close()
      await work.close()
    },
  }
}

/** All that changes something, by method and path. */
export const changing = [
  ['POST', '/tasks'],
  ['POST', '/tasks/a/run'],
  ['POST', '/task/a'],
  ['POST', '/tasks/a/cancel'],
  ['POST', '/tasks/a/retry'],
  ['DELETE', '/tasks/a'],
] as const
