/** Runs a script of this repository in a process of its own, as a reader would. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Run {
  readonly child: ChildProcess
  /** What it printed so far, on both streams. */
  output(): string
  /** Resolves once it printed this; rejects when it ends before. */
  printed(text: string): Promise<void>
  /** Resolves with its exit code, or with the signal that ended it. */
  readonly ended: Promise<number | string>
}

/** Starts `node script`; ended by force after a minute, whatever happens. */
export function run(
  script: string,
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string> },
): Run {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  let output = ''
  const waiting = new Set<() => void>()
  const onData = (chunk: Buffer) => {
    output += chunk.toString()
    for (const look of waiting) look()
  }
  child.stdout.on('data', onData)
  child.stderr.on('data', onData)
  const ended = new Promise<number | string>((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'unknown'))
  })
  return {
    child,
    ended,
    output: () => output,
    printed(text) {
      return new Promise((resolve, reject) => {
        const look = () => {
          if (!output.includes(text)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
        void ended.then((how) => reject(new Error(`ended (${how}) without printing "${text}":\n${output}`)))
      })
    },
  }
}
