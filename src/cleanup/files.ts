/** Questions to the file system, and the wait until it has written. */
import { constants } from 'node:fs'
import { access, lstat, mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes the folder. Rejects where files of these paths could not be written there, or are no files. */
export async function checkFolder(folder: string, paths: readonly string[]): Promise<void> {
  const made = await mkdir(folder, { recursive: true })
  if (made !== undefined) await syncAbove(folder, dirname(made))
  await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  for (const path of paths) {
    const found = await orMissing(lstat(path))
    // A link would lead out of the folder.
    if (found && !found.isFile()) throw new Error(`${path} is no plain file`)
    if (found) await access(path, constants.R_OK | constants.W_OK)
  }
}

export async function sizeOf(path: string): Promise<number> {
  return (await orMissing(stat(path)))?.size ?? 0
}

export async function bytesIn(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(paths.map(sizeOf))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Whether the last byte of a file that is not empty is a line feed. */
export async function endsLine(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
    return buffer[0] === 0x0a
  } finally {
    await file.close()
  }
}

/** Resolves once what was written to it, by whomever, is on the disk. A file that was never made has nothing to wait for. */
export async function syncFile(path: string): Promise<void> {
  const file = await orMissing(open(path, 'r+'))
  try {
    await file?.sync()
  } finally {
    await file?.close()
  }
}

/** The same for the names in a folder: a file whose name is lost is lost. Windows has no such wait, and needs none. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** A folder that was just made, and whose name is lost, is lost with all that is in it; so are those between the two. */
async function syncAbove(folder: string, top: string): Promise<void> {
  for (let above = dirname(folder); above.length >= top.length; above = dirname(above)) {
    await syncFolder(above)
    if (above === dirname(above)) return
  }
}

async function orMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
