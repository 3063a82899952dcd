/** Starts processes that work, and hears how they fare. */
import { type ChildProcess, fork } from 'node:child_process'
import type { PieceworkOptions } from '../../src/index.ts'
import { oneFile } from '../servers/one-file.ts'
import type { Address } from '../servers/places.ts'

const program = await oneFile(new URL('./worker.ts', import.meta.url))

export interface WorkerProcess {
  readonly process: ChildProcess
  /** What it wrote on stderr, a line each. */
  readonly complaints: string[]
  /** Stops it in good order. */
  stop(): Promise<void>
}

/** Resolves once it has started to work. */
export async function startWorker(
  address: Address,
  log: string,
  options: Partial<Pick<PieceworkOptions, 'concurrency' | 'lease' | 'poll'>> = {},
): Promise<WorkerProcess> {
  const child = fork(program, [JSON.stringify(address), log, JSON.stringify(options)], {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    execArgv: ['--no-warnings'],
  })
  let text = ''
  child.stderr?.on('data', (chunk) => {
    text += chunk
  })
  await next(child, 'message', () => text)
  return {
    process: child,
    get complaints() {
      return text.split('\n').filter((line) => line !== '')
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const stopped = next(child, 'message', () => text)
      child.send('stop')
      await stopped
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.disconnect()
      await gone
    },
  }
}

function next(child: ChildProcess, event: 'message', said: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null) => reject(new Error(`The worker ended with ${code}: ${said()}`))
    child.once('exit', gone)
    child.once(event, () => {
      child.off('exit', gone)
      resolve()
    })
  })
}
