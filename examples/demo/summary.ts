/** The demo's table: files, lines and bytes by kind of file. */
import { extname } from 'node:path'
import type { TaskInfo } from 'piecework'
import type { FileCount } from './count-file.ts'

interface Kind {
  files: number
  lines: number
  bytes: number
}

const rowsShown = 12

export class Summary {
  /** Files that a killed run held: it was at them, or had fetched them ahead. */
  interrupted = 0
  readonly #kinds = new Map<string, Kind>()
  readonly #hashes = new Set<string>()
  #files = 0
  #failed = 0

  add(tasks: readonly TaskInfo[]): void {
    for (const task of tasks) {
      this.#files++
      if (task.attempts > 1) this.interrupted++
      if (task.state !== 'completed') {
        this.#failed++
        continue
      }
      const { path } = task.input as { path: string }
      const { hash, lines, bytes } = task.result as FileCount
      this.#hashes.add(hash)
      const kind = this.#kinds.get(extname(path)) ?? { files: 0, lines: 0, bytes: 0 }
      this.#kinds.set(extname(path), {
        files: kind.files + 1,
        lines: kind.lines + lines,
        bytes: kind.bytes + bytes,
      })
    }
  }

  print(): void {
    const kinds = [...this.#kinds].sort(([, a], [, b]) => b.files - a.files)
    const table = kinds.slice(0, rowsShown).map(([kind, counts]) => [kind || '(none)', counts] as const)
    console.table(Object.fromEntries(table))
    if (kinds.length > rowsShown) console.log(`... and ${kinds.length - rowsShown} more kinds`)
    console.log(`${this.#files} files, ${this.#hashes.size} different, ${this.#failed} could not be read.`)
  }
}
