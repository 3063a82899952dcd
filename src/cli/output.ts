/** Where the answer goes: lines for programs, tables for people. A reader that has had enough is no error. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** What a command writes to: `process.stdout`, or a stream of a test's. */
export interface Output extends NodeJS.WritableStream {
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Writes pieces as they come, as fast as they are read. Ends quietly, and ends the source, when nobody reads on. */
export async function write(output: Output, pieces: AsyncIterable<string> | Iterable<string>): Promise<void> {
  try {
    await pipeline(Readable.from(pieces), output, { end: false })
  } catch (error) {
    if (!isClosedPipe(error)) throw error
  }
}

/** As it goes to programs: one JSON object, on one line. */
export function jsonLine(info: object): string {
  return `${JSON.stringify(info)}\n`
}

function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED')
}
