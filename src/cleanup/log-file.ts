/** One file that is appended to and turned over, and whose lines are on the disk when `append` resolves. */
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createStream } from 'rotating-file-stream'
import { bytesIn, checkFolder, endsLine, sizeOf, syncFile, syncFolder } from './files.ts'

export class LogFile {
  readonly path: string
  readonly #folder: string
  readonly #name: string
  readonly #maxBytes: number
  readonly #maxFiles: number

  constructor(folder: string, name: string, maxBytes: number, maxFiles: number) {
    this.path = join(folder, name)
    this.#folder = folder
    this.#name = name
    this.#maxBytes = maxBytes
    this.#maxFiles = maxFiles
  }

  /** Rejects unless every byte is in the files and synchronised: a write may be cut short without an error. */
  async append(pieces: AsyncIterable<string>): Promise<void> {
    await checkFolder(this.#folder, [this.path])
    const before = await sizeOf(this.path)
    // A line that was cut, by a full disk or a crash, must not swallow the next one.
    const isCut = before > 0 && before < this.#maxBytes && !(await endsLine(this.path))
    let written = 0
    async function* counted(): AsyncGenerator<Buffer, void, undefined> {
      if (isCut) yield count('\n')
      for await (const piece of pieces) yield count(piece)
    }
    const count = (text: string) => {
      const bytes = Buffer.from(text)
      written += bytes.length
      return bytes
    }
    let turned = 0
    const stream = createStream(this.#name, {
      path: this.#folder,
      size: `${this.#maxBytes}B`,
      rotate: this.#maxFiles - 1,
    }).on('rotated', () => void turned++)
    await pipeline(Readable.from(counted()), stream)
    const files = this.#touched(turned)
    for (const file of files) await syncFile(file)
    await syncFolder(this.#folder)
    if (turned > files.length - 1) return
    const grown = (await bytesIn(files)) - before
    if (grown === written) return
    throw new Error(
      `Of ${written} bytes, ${grown} came into ${this.path}: the disk is full, or another process writes there`,
    )
  }

  /** The file, and those before it that were put aside while it was written; `.1` is the latest. */
  #touched(turned: number): string[] {
    const aside = Math.min(turned, this.#maxFiles - 1)
    return [this.path, ...Array.from({ length: aside }, (_, index) => `${this.path}.${index + 1}`)]
  }
}
