/** Which files the house rules look at: a plain walk, so that they hold in a copy without its git history too. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

export const root = join(import.meta.dirname, '..', '..')

export interface SourceFile {
  /** From the repository's root, with forward slashes. */
  path: string
  text: string
}

/** What .gitignore leaves out, and git itself. */
const unlisted = new Set(['node_modules', 'dist', '.git', '.cache'])
const unlistedEnding = /\.(?:db|db-wal|db-shm|tgz)$/
const code = /\.(?:ts|mts|cts|js|mjs|cjs)$/

export function codeFiles(folders: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) => allFiles(folder)).filter(({ path }) => code.test(path))
}

export function allFiles(folder = '.'): SourceFile[] {
  return walk(join(root, folder)).map((path) => ({
    path: relative(root, path).split(sep).join('/'),
    text: readFileSync(path, 'utf8'),
  }))
}

function walk(folder: string): string[] {
  let entries: ReturnType<typeof list>
  try {
    entries = list(folder)
  } catch (error) {
    // A room that is not built yet has nothing to check.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return entries.flatMap((entry) => {
    if (unlisted.has(entry.name) || unlistedEnding.test(entry.name)) return []
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return walk(path)
    return entry.isFile() ? [path] : []
  })
}

function list(folder: string) {
  return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
}
