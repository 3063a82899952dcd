/** A folder for a contender that works on files in a scenario whose others have a server. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Contender } from '../scenario.ts'

export function inFolder(measure: Contender['measure']): Contender['measure'] {
  return async (_place, count) => {
    const folder = mkdtempSync(join(tmpdir(), 'piecework-bench-'))
    try {
      return await measure(folder, count)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
