/** What is counted together: a file, or one stretch of a big one. Always in the same order, as a job's parts must be. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** The words of a file that begin from byte `from` up to, and without, byte `to`. */
export interface Stretch {
  /** Its path below the folder. */
  readonly file: string
  readonly from: number
  readonly to: number
}

const stretchBytes = 1024 * 1024

/** Names that are left out: other people's code, and what a person does not see either. */
const leftOut = /^(?:\.|node_modules$)/

/** Read as the job stores them: never all in memory. */
export async function* stretches(folder: string, below = ''): AsyncGenerator<Stretch> {
  const entries = await readdir(join(folder, below), { withFileTypes: true })
  // By their code units, which are the same on every machine, in every locale.
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    if (leftOut.test(entry.name)) continue
    const file = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) yield* stretches(folder, file)
    if (!entry.isFile()) continue
    const { size } = await stat(join(folder, file))
    for (let from = 0; from < size; from += stretchBytes) {
      yield { file, from, to: Math.min(from + stretchBytes, size) }
    }
  }
}
