/** Programs from Debian's packages, downloaded and unpacked beside the system: nothing is installed. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { alone, cacheFolder } from './install.ts'
import type { Missing } from './server.ts'

const run = promisify(execFile)

/** A folder with the unpacked packages in it, laid out as `/` is. */
export async function debianFolder(name: string, packages: readonly string[]): Promise<string | Missing> {
  const folder = join(cacheFolder, name)
  try {
    await alone(name, async () => {
      if (!existsSync(folder)) await unpack(folder, packages)
    })
  } catch (error) {
    return { missing: `apt-get could not download ${packages.join(', ')}: ${String(error).split('\n')[0]}` }
  }
  return folder
}

/** It gets its name when it is whole. */
async function unpack(folder: string, packages: readonly string[]): Promise<void> {
  const making = `${folder}.making`
  rmSync(making, { recursive: true, force: true })
  mkdirSync(making, { recursive: true })
  await run('apt-get', ['download', ...packages], { cwd: making, timeout: 120_000 })
  for (const file of readdirSync(making)) {
    await run('dpkg', ['-x', file, '.'], { cwd: making })
    rmSync(join(making, file))
  }
  renameSync(making, folder)
}

/** Where unpacked libraries are, for `LD_LIBRARY_PATH`. */
export function libraryFolder(folder: string): string {
  const lib = join(folder, 'usr/lib')
  return (
    readdirSync(lib)
      .map((name) => join(lib, name))
      .find((path) => path.endsWith('-linux-gnu')) ?? lib
  )
}
