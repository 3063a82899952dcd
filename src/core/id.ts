/** Ids that sort by the time they were made, also within a millisecond of one process. */
import type { Instant } from './duration.ts'

const digits = '0123456789abcdefghjkmnpqrstvwxyz'
const counterEnd = 32 ** 4
const poolBytes = 2_560

/**
 * Makes ids of 24 characters: 10 of time, 4 of a counter within the millisecond, 10 drawn at random. A clock that steps
 * back changes nothing: the last instant goes on being used. `draw` gives that many random bytes.
 */
export function idMaker(draw: (bytes: number) => Uint8Array): (now: Instant) => string {
  let last = -1
  let prefix = ''
  let counter = 0
  let pool: Uint8Array = new Uint8Array(0)
  let used = 0

  return (now) => {
    if (now > last || counter === counterEnd) {
      last = Math.max(now, last + 1)
      prefix = base32(last, 10)
      counter = 0
    }
    if (used === pool.length) {
      pool = draw(poolBytes)
      used = 0
    }
    let random = ''
    for (const end = used + 10; used < end; used++) random += digits[pool[used]! & 31]
    return prefix + base32(counter++, 4) + random
  }
}

function base32(value: number, width: number): string {
  let text = ''
  for (let rest = value; text.length < width; rest = Math.floor(rest / 32)) text = digits[rest % 32] + text
  return text
}
