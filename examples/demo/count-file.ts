/** The demo's task: read one file, hash it, count its lines and bytes. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { fixed, task } from 'piecework'

/** What is kept of a file. */
export interface FileCount {
  readonly hash: string
  readonly bytes: number
  readonly lines: number
}

const newline = 10

export const countFile = task('count-file', {
  retry: fixed({ maxAttempts: 3, delay: '100ms' }),
  run: async ({ input, signal }: { input: { path: string }; signal: AbortSignal }): Promise<FileCount> => {
    const hash = createHash('sha256')
    let bytes = 0
    let lines = 0
    for await (const chunk of createReadStream(input.path, { signal }) as AsyncIterable<Buffer>) {
      hash.update(chunk)
      bytes += chunk.length
      for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) lines++
    }
    return { hash: hash.digest('hex'), bytes, lines }
  },
})
