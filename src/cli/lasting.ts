/** What goes on until it is told to end, `work` and `serve`: alone, or as one of several processes. */
import cluster from 'node:cluster'
import { type AddressInfo, createServer } from 'node:net'
import type { StopReport } from '../index.ts'
import { Child } from './cluster/child.ts'
import { Parent } from './cluster/parent.ts'
import { signalled } from './signals.ts'

/** Where it answers over HTTP. */
export interface Place {
  readonly address: string
  readonly port: number | undefined
}

/**
 * To be called when the work has begun: before that a signal ends the process at once. `listen` is what is still to be done.
 * Resolves when the work is to end.
 */
export type UntilEnd = (listen: () => Promise<Place | undefined>) => Promise<void>

export interface LastingOptions {
  /** How many processes; `undefined`: this one alone. */
  readonly processes: number | undefined
  /** The TCP port that each of them is told, if any. */
  readonly port: number | undefined
  /** How long the work may take to end. */
  readonly timeoutMs: number
  /** What is said once all have begun. */
  readonly greet: (place: Place | undefined) => Promise<void>
  /** What happened to a process, in a line. */
  readonly warn: (line: string) => void
}

/**
 * Runs `body` until it is told to end, in this process or in several. Resolves with what became of the work, by task.
 * @throws what kept it from beginning
 */
export async function lasting(
  options: LastingOptions,
  body: (untilEnd: UntilEnd) => Promise<StopReport>,
): Promise<StopReport> {
  const { processes, greet } = options
  if (processes === undefined) {
    return body(async (listen) => {
      const ended = signalled()
      await greet(await listen())
      await ended
    })
  }
  if (cluster.isPrimary) {
    // The last word of the command line counts. Each of them would find another port, and a new one after it has died.
    if (options.port === 0)
      cluster.setupPrimary({ args: [...process.argv.slice(2), '--port', String(await freePort())] })
    return new Parent({ ...options, processes }).run()
  }
  const child = new Child()
  try {
    const report = await body(async (listen) => {
      child.begun()
      child.ready(await listen())
      await child.ended
    })
    await child.stopped(report)
  } catch (error) {
    await child.failed(error)
    process.exitCode = 1
  }
  // Whoever started this says what became of it.
  return process.exit()
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
