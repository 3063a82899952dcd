/** A wire between a client and a server that can be cut, as by a pulled cable: nothing comes through, nothing is said. */
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net'

export interface Wire {
  readonly port: number
  /** From now on no byte passes, in either direction; connections stay open, and new ones are taken and left waiting. */
  cut(): void
  /** Bytes pass again, those that were under way as well. */
  mend(): void
  /** As `mend`, but connections from before the cut stay dead, and nobody tells their ends: a router has forgotten them. */
  mendForNew(): void
  /** Connections that were ever opened through it. */
  readonly opened: number
  end(): void
}

/** @param target where the server listens: a host and port, or the path of a Unix socket. */
export function startWire(target: NetConnectOpts): Promise<Wire> {
  const sockets = new Set<Socket>()
  let isCut = false
  let opened = 0
  let before = new Set<Socket>()

  function pipe(from: Socket, to: Socket): void {
    sockets.add(from)
    // A client that goes away during the cut is not noticed at the other side.
    from.on('data', (chunk) => to.write(chunk))
    from.on('end', () => to.end())
    from.on('error', () => to.destroy())
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
    if (isCut) from.pause()
  }

  const server = createServer((client) => {
    opened += 1
    const upstream = connect(target)
    pipe(client, upstream)
    pipe(upstream, client)
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve({
        port: typeof address === 'object' && address ? address.port : 0,
        cut() {
          isCut = true
          before = new Set(sockets)
          for (const socket of sockets) socket.pause()
        },
        mend() {
          isCut = false
          for (const socket of sockets) socket.resume()
        },
        mendForNew() {
          isCut = false
          for (const socket of sockets) if (!before.has(socket)) socket.resume()
        },
        get opened() {
          return opened
        },
        end() {
          server.close()
          for (const socket of sockets) socket.destroy()
        },
      })
    })
  })
}

/** Where the server of a URL listens. */
export function listenerOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}

/** The same URL by way of a port of this machine. */
export function throughPort(url: string, port: number): string {
  const wired = new URL(url)
  wired.host = `127.0.0.1:${port}`
  return wired.href
}
