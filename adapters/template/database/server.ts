/** STAND-IN for your database's server: one line in, one line out. Tests start it; throw it away with the folder. */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Engine, type Fields, type Query } from './engine.ts'
import { onLines } from './lines.ts'

export interface Server {
  readonly port: number
  close(): void
}

interface Request {
  readonly id: number
  readonly method: string
  readonly args: readonly never[]
}

/** Starts a server with an empty database on a free port of this machine. */
export function startServer(): Promise<Server> {
  const answer = answersOf(new Engine())
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    // A client that was killed takes its connection with it, and nothing else.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    onLines(socket, (line) => {
      const request = JSON.parse(line) as Request
      socket.write(`${JSON.stringify({ id: request.id, ...answer(request) })}\n`)
    })
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const close = () => {
        server.close()
        for (const socket of sockets) socket.destroy()
      }
      resolve({ port: (server.address() as AddressInfo).port, close })
    })
  })
}

function answersOf(engine: Engine): (request: Request) => { answer: unknown } | { error: string } {
  let last = 0
  const methods: { readonly [method: string]: (...args: never[]) => unknown } = {
    get: (table: string, id: string) => engine.get(table, id),
    swap: (table: string, id: string, seen: number | null, fields: Fields | null) =>
      engine.swap(table, id, seen, fields),
    range: (table: string, query: Query) => engine.range(table, query),
    drop: (prefix: string) => engine.drop(prefix),
    now() {
      last = Math.max(last, Date.now())
      return last
    },
  }
  return ({ method, args }) => {
    const run = methods[method]
    return run === undefined ? { error: `No method ${method}` } : { answer: run(...args) ?? null }
  }
}
