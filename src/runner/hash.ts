/** The only file that hashes: a text of any length as a short one that no other text has. */
import { createHash } from 'node:crypto'

/** 128 bits as hexadecimal digits: among a billion texts, no two meet in them but once in 10^20. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
