/** Whether the database file is still the one that was opened. */
import { type Stats, statSync } from 'node:fs'
import { StorageError } from '../../src/storage/index.ts'

/**
 * Returns a check that throws once the file was deleted or replaced: SQLite would go on writing into a file that nobody
 * can open any more. It costs a stat, 1.7 to 3 us, so it runs after each commit: what is acknowledged is in a file that
 * had its name when the commit was over.
 */
export function fileCheck(file: string | null): () => void {
  const opened = file === null ? undefined : identity(file)
  if (file === null || opened === undefined) return () => {}
  return () => {
    const found = identity(file)
    if (found?.ino === opened.ino && found.dev === opened.dev) return
    throw new StorageError('not_usable', `${file} was deleted or replaced while it was open: restart the process`)
  }
}

function identity(file: string): Stats | undefined {
  return statSync(file, { throwIfNoEntry: false })
}
