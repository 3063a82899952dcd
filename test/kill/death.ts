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
