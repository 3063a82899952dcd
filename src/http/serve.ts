/** `serveHttp(work, options)`: a server of its own, on TCP or on a unix socket. */
import { chmodSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { type Duration, durationMs, type Piecework } from '../index.ts'
import { httpHandler } from './handler.ts'
import { checkNames, expected, type HttpOptions, httpOptionNames } from './options.ts'
import { cutOffRefused } from './refused.ts'
import { within } from './time.ts'
import { removeStaleSocket } from './unix-socket.ts'

export interface ServeOptions extends HttpOptions {
  /** The TCP port; 0: any that is free. @default 8032, Party's */
  readonly port?: number
  /** The address to listen at. Any but this machine's own takes an `authorize`. @default '127.0.0.1' */
  readonly host?: string
  /** A unix socket instead, which only this user can open. What a process that died left there is removed. */
  readonly path?: string
  /** How long a client may take to send the headers of a request. @default '10s' */
  readonly headersTimeout?: Duration
  /** How long it may take to send all of it. @default '30s' */
  readonly requestTimeout?: Duration
}

export interface HttpServer {
  /** Where it listens, as in `http://127.0.0.1:8032`; of a unix socket, its path. */
  readonly address: string
  /** `undefined` on a unix socket. */
  readonly port: number | undefined
  /**
   * Takes no more requests, ends streams of events, waits for the other answers no longer than this, and cuts off what
   * is left. A task that a caller waits for goes on. The instance stays as it is.
   * @default '5s'
   */
  close(options?: { readonly timeout?: Duration }): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** By which browsers on this machine may call a server on it. */
const loopback = ['localhost', '127.0.0.1', '[::1]']

/** More would cost others their memory; Node answers none of them then. */
const mostConnections = 1_000

/**
 * Serves an instance over HTTP and resolves once it listens.
 * @throws TypeError on an option that cannot be; the system's error (`EADDRINUSE`, `EACCES`) where it cannot listen.
 */
export async function serveHttp(work: Piecework, options: ServeOptions = {}): Promise<HttpServer> {
  const { port, host = '127.0.0.1', path, headersTimeout = '10s', requestTimeout = '30s', ...rest } = options
  checkNames(options, [...httpOptionNames, 'port', 'host', 'path', 'headersTimeout', 'requestTimeout'])
  checkPlace(port, host, path)
  const isLocal = path !== undefined || loopback.includes(host) || host === '::1'
  if (!isLocal && rest.authorize === undefined) {
    throw new TypeError(
      `Expected \`authorize\` to be given where others than this machine can call: ${host.slice(0, 60)}`,
    )
  }
  const headersMs = durationMs('headersTimeout', headersTimeout, 1)
  const requestMs = durationMs('requestTimeout', requestTimeout, 1)
  // A page that has its own name resolve to this machine calls it by that name.
  const hosts = rest.hosts ?? (isLocal && path === undefined ? loopback : undefined)
  const handle = httpHandler(work, hosts ? { ...rest, hosts } : rest)
  const limits = {
    headersTimeout: Math.min(headersMs, requestMs),
    requestTimeout: requestMs,
    // Node looks for slow clients only now and then.
    connectionsCheckingInterval: Math.max(10, Math.min(headersMs, requestMs, 2_000) / 2),
  }
  const listener = getRequestListener(handle, {
    overrideGlobalObjects: false,
    hostname: 'localhost',
  })
  const server = createServer(limits, (incoming, outgoing) => {
    cutOffRefused(incoming, outgoing)
    void listener(incoming, outgoing)
  })
  server.maxConnections = mostConnections
  try {
    if (path !== undefined) await removeStaleSocket(path)
    await listen(server, path === undefined ? { host, port: port ?? 8032 } : { path })
    if (path !== undefined) chmodSync(path, 0o600)
  } catch (error) {
    handle.close()
    server.close()
    throw error
  }
  return new Serving(server, handle)
}

class Serving implements HttpServer {
  readonly address: string
  readonly port: number | undefined
  readonly #server: Server
  readonly #handle: { close(): void }
  #closing: Promise<void> | undefined

  constructor(server: Server, handle: { close(): void }) {
    const place = server.address() as AddressInfo | string
    this.#server = server
    this.#handle = handle
    this.port = typeof place === 'string' ? undefined : place.port
    this.address = typeof place === 'string' ? place : `http://${hostOf(place)}:${place.port}`
  }

  async close({ timeout = '5s' }: { readonly timeout?: Duration } = {}): Promise<void> {
    const timeoutMs = durationMs('timeout', timeout)
    this.#closing ??= this.#close(timeoutMs)
    await this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(timeoutMs: number): Promise<void> {
    // It takes no more connections, and ends those that wait for a next request.
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#handle.close()
    await within(timeoutMs, closed)
    this.#server.closeAllConnections()
    await closed
  }
}

function hostOf({ address, family }: AddressInfo): string {
  return family === 'IPv6' ? `[${address}]` : address
}

function checkPlace(port: unknown, host: unknown, path: unknown): void {
  if (path !== undefined && (typeof path !== 'string' || path === ''))
    throw expected('path', 'the path of a socket', path)
  if (path !== undefined && port !== undefined) throw new TypeError('Expected either `port` or `path`, got both')
  if (typeof host !== 'string' || host === '') throw expected('host', 'an address to listen at', host)
  if (port !== undefined && (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535)) {
    throw expected('port', 'an integer from 0 to 65535', port)
  }
}

function listen(server: Server, place: { host: string; port: number } | { path: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(place, () => {
      server.off('error', reject)
      // A connection that could not be accepted, as the process has no descriptor left, is all that is lost by it.
      server.on('error', () => {})
      resolve()
    })
  })
}
