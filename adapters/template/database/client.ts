/** STAND-IN for your database's driver: throw this folder away, and read here only what the adapter needs of a driver. */
import { connect, type Socket } from 'node:net'
import type { Fields, Query, Record, Versioned } from './engine.ts'
import { onLines } from './lines.ts'

/** What most databases have: get by id, compare-and-set of one record, ordered reads over an index, and a clock. */
export interface Client {
  get(table: string, id: string): Promise<Versioned | undefined>
  /**
   * Writes one record if its version is still `seen` (`null`: if there is none); `null` removes it. Answers the new
   * version, or `null` when the record has moved on. Versions MUST never repeat, also when a record is removed and made
   * again: else a writer who slept meanwhile takes the new record for the old one.
   */
  swap(table: string, id: string, seen: number | null, fields: Fields | null): Promise<number | null>
  range(table: string, query: Query): Promise<Record[]>
  now(): Promise<number>
  /** Removes all that begins with this: for tests. */
  drop(prefix: string): Promise<void>
  close(): void
}

/** Every call ends after so long without a sign of life: with an error, and nobody knows whether it was done. */
const TIME_LIMIT_MS = 5_000

interface Pending {
  readonly resolve: (answer: never) => void
  readonly reject: (error: Error) => void
}

/** Connects; rejects when nobody listens there. */
export function connectTo(port: number, timeLimitMs = TIME_LIMIT_MS): Promise<Client> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      socket.off('error', reject)
      resolve(clientOn(socket, timeLimitMs))
    })
    socket.once('error', reject)
  })
}

function clientOn(socket: Socket, timeLimitMs: number): Client {
  const pending = new Map<number, Pending>()
  let calls = 0
  let isOpen = true

  function end(error: Error): void {
    isOpen = false
    socket.destroy()
    for (const { reject } of pending.values()) reject(error)
    pending.clear()
  }

  function call<T>(method: string, ...args: unknown[]): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!isOpen) return reject(new Error('The connection is closed'))
      const id = ++calls
      pending.set(id, { resolve, reject })
      socket.write(`${JSON.stringify({ id, method, args })}\n`)
    })
  }

  socket.setNoDelay(true)
  // An idle process may end; one that waits for an answer stays.
  socket.setTimeout(timeLimitMs, () => {
    if (pending.size > 0) end(new Error(`No answer within ${timeLimitMs} ms`))
  })
  socket.on('error', end)
  socket.on('close', () => end(new Error('The connection was lost')))
  onLines(socket, (line) => {
    const { id, answer, error } = JSON.parse(line) as { id: number; answer?: unknown; error?: string }
    const asked = pending.get(id)
    pending.delete(id)
    if (error === undefined) asked?.resolve(answer as never)
    else asked?.reject(new Error(error))
  })

  return {
    get: async (table, id) => (await call<Versioned | null>('get', table, id)) ?? undefined,
    swap: (table, id, seen, fields) => call('swap', table, id, seen, fields),
    range: (table, query) => call('range', table, query),
    now: () => call('now'),
    drop: (prefix) => call('drop', prefix),
    close: () => end(new Error('The connection was closed')),
  }
}
