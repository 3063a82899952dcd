/** Counts the words that begin in a stretch of a file. One that goes on beyond its end is read to its own. */
import { type FileHandle, open } from 'node:fs/promises'

const word = /[\p{L}\p{M}]+/gu

/** What cannot be read as text is passed over, as `grep` does it: text has no NUL. */
const nul = 0

const readBytes = 64 * 1024

/** How often each word occurs, in lower case. */
export async function countWords(path: string, from: number, to: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  const file = await open(path)
  try {
    const bytes = await read(file, from, to - from)
    if (bytes.includes(nul)) return counts
    // Where the byte before is of a word as well, that word is the stretch before's.
    const begin = from > 0 && isWordly((await read(file, from - 1, 1))[0]) ? endOfWord(bytes) : 0
    const tail = isWordly(bytes.at(-1)) ? await restOfWord(file, to) : Buffer.alloc(0)
    const text = Buffer.concat([bytes.subarray(begin), begin < bytes.length ? tail : Buffer.alloc(0)]).toString()
    for (const [found] of text.toLowerCase().matchAll(word)) counts.set(found, (counts.get(found) ?? 0) + 1)
  } finally {
    await file.close()
  }
  return counts
}

/** A letter, a digit, or a byte of any character beyond ASCII: a cut between two other bytes cuts no character. */
function isWordly(byte: number | undefined): boolean {
  if (byte === undefined) return false
  const lower = byte | 0x20
  return byte >= 0x80 || (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x7a)
}

function endOfWord(bytes: Buffer): number {
  const end = bytes.findIndex((byte) => !isWordly(byte))
  return end === -1 ? bytes.length : end
}

async function restOfWord(file: FileHandle, at: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  for (let position = at; ; position += readBytes) {
    const bytes = await read(file, position, readBytes)
    const end = endOfWord(bytes)
    pieces.push(bytes.subarray(0, end))
    if (end < bytes.length || bytes.length < readBytes) return Buffer.concat(pieces)
  }
}

/** Fewer bytes where the file ends before. */
async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}
