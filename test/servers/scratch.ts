/** Where the tests put what they write: in memory where there is room, as no test can cut the power of a disk. */
import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'

const inMemory = '/dev/shm'
/** Some ten times what two test files have ever had at once. */
const leastBytes = 4 * 1024 ** 3

/**
 * The folder for the `TMPDIR` of the tests. Servers and SQLite flush each commit: on a disk most of their time goes into
 * that, and what a killed process had written is still there in memory, too. A `TMPDIR` that is set is kept.
 */
export function scratchFolder(): string {
  return process.env.TMPDIR ?? (hasRoom() ? inMemory : tmpdir())
}

function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(inMemory)
    return Math.min(bavail * bsize, process.availableMemory()) >= leastBytes
  } catch {
    return false
  }
}
