/**
 * Completes package-lock.json with the binaries of other platforms: `npm run lock`, after any `npm install`.
 *
 * npm leaves an optional package out of the lock where it cannot fetch its description, as on a registry that mirrors one
 * platform only. `npm ci` then refuses the lock everywhere. An entry with its version and platform is all that it needs.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

interface Entry {
  version?: string
  dev?: boolean
  optional?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
  optionalDependencies?: Record<string, string>
}

export interface Lock {
  packages: Record<string, Entry>
}

export const lockFile = fileURLToPath(new URL('../../package-lock.json', import.meta.url))

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const processors = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64']

/** Optional packages of a fixed version that the lock does not have, by the path that they would have in it. */
export function missingFrom(lock: Lock): Map<string, Entry> {
  const missing = new Map<string, Entry>()
  for (const entry of Object.values(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const path = `node_modules/${name}`
      const fixed = /^\d+\.\d+\.\d+/.test(version)
      if (path in lock.packages || !fixed || !platformOf(name)) continue
      missing.set(path, { version, ...(entry.dev ? { dev: true } : {}), optional: true, ...platformOf(name) })
    }
  }
  return missing
}

/** `@rollup/rollup-linux-arm64-musl`: which machines it is for, by its name. */
function platformOf(name: string): Pick<Entry, 'os' | 'cpu' | 'libc'> | undefined {
  const words = name.split('/').at(-1)?.split('-') ?? []
  const os = systems.find((system) => words.includes(system))
  const cpu = processors.find((processor) => words.includes(processor))
  if (!os || !cpu) return undefined
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : os === 'linux' ? 'glibc' : undefined
  return { os: [os], cpu: [cpu], ...(libc ? { libc: [libc] } : {}) }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const lock = JSON.parse(readFileSync(lockFile, 'utf8')) as Lock
  const packages = { ...lock.packages, ...Object.fromEntries(missingFrom(lock)) }
  const sorted = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(lockFile, `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`)
}
