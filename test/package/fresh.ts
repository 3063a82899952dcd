/** Whether the build is of the sources as they are: one of older sources would prove something about code that is gone. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/** A file of `dist`, where it is built of the sources as they are. */
export function builtFile(name: string): string | undefined {
  const file = join(root, 'dist', name)
  return existsSync(file) && newerThan(file) === undefined ? file : undefined
}

/** A source that was changed after this file was built. */
export function newerThan(built: string): string | undefined {
  const builtAt = changedAt(built)
  return ['src', 'adapters'].flatMap((name) => filesIn(join(root, name))).find((file) => changedAt(file) > builtAt)
}

function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

function changedAt(file: string): number {
  return statSync(file).mtimeMs
}
