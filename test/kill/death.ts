/** How a process is brought to its end by itself, and what its killer learns of it. */
import { spawnSync } from 'node:child_process'
import { flushCompileCache } from 'node:module'

/** `kill -9` of this process, here and now. */
export function die(): never {
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}

/** The cache of compiled sources is usually written at the end of a process, which no victim comes to. */
export function keepCompiled(): void {
  flushCompileCache()
}

/** Of a process that was started by another: it ends when it is told to, and when nobody is left who would tell it. */
export function endWhenTold(close: () => Promise<unknown>): void {
  const parent = process.ppid
  setInterval(() => process.ppid === parent || process.exit(1), 1_000).unref()
  process.once('SIGTERM', async () => {
    await close()
    process.exit(0)
  })
}

/** Runs a script until it kills itself, and answers what it printed before. @throws Error when it ends otherwise. */
export function runToDeath(script: string, ...args: readonly string[]): string {
  const { stdout, stderr, signal } = spawnSync(process.execPath, [script, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    killSignal: 'SIGTERM',
  })
  if (signal !== 'SIGKILL') throw new Error(`It did not come to its death (${signal}): ${stderr}`)
  return stdout
}
