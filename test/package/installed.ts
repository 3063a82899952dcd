/** Reads what an install brought along, and what the package's own words say it should bring. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readManifest } from './pack.ts'

/** Nobody downloads a database client that they do not use. */
export const drivers =
  /^(?:pg|pg-.*|postgres|mongodb|mongoose|better-sqlite3|sqlite3|mysql2?|redis|ioredis|@redis\/.*|@aws-sdk\/.*)$/

/** The names of all installed packages, nested ones too. */
export function installedNames(app: string): string[] {
  return [...new Set(packagesUnder(join(app, 'node_modules')))].sort()
}

function packagesUnder(modules: string): string[] {
  if (!existsSync(modules)) return []
  const names = readdirSync(modules).flatMap((name) => {
    if (name.startsWith('.')) return []
    if (!name.startsWith('@')) return [name]
    return readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`)
  })
  return names.flatMap((name) => [name, ...packagesUnder(join(modules, name, 'node_modules'))])
}

/** The package, what it depends on, what that depends on, and so on. */
export function closure(app: string, name: string): string[] {
  const seen = new Set<string>()
  const visit = (one: string): void => {
    const folder = join(app, 'node_modules', one)
    // An optional dependency may be absent where it does not fit the machine.
    if (seen.has(one) || !existsSync(folder)) return
    seen.add(one)
    const { dependencies, optionalDependencies } = readManifest(folder)
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) visit(next)
  }
  visit(name)
  return [...seen].sort()
}
