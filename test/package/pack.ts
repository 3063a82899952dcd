/** Makes the tarball that would be published, and an app that has nothing but it. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newerThan } from './fresh.ts'
import { run } from './shell.ts'

export const root = join(import.meta.dirname, '..', '..')

export interface Manifest {
  name: string
  version: string
  exports: Record<string, unknown>
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
}

export interface Packed {
  tarball: string
  /** Paths inside the tarball. */
  files: string[]
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

/** `npm test` builds first. A tarball of an older build would prove something about code that is gone. */
export async function needFreshDist(): Promise<void> {
  const built = ['index.js', 'index.d.ts'].map((name) => join(root, 'dist', name))
  if (!built.every((file) => existsSync(file))) await run('npm', ['run', 'build'], root, 120_000)
  const newer = newerThan(built[0]!)
  if (newer) throw new Error(`dist is older than ${newer}: run \`npm run build\``)
}

export async function pack(into: string): Promise<Packed> {
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', into], root)
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
  return { tarball: join(into, packed.filename), files: packed.files.map(({ path }) => path) }
}

export async function installApp(tarball: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }))
  await run('npm', ['install', tarball, '--no-audit', '--no-fund', '--ignore-scripts'], folder)
  cpSync(join(import.meta.dirname, 'app'), folder, { recursive: true })
}
