/** Ids that sort by the time they were made, also within a millisecond of one process. */
import type { Instant } from './duration.ts'

const digits = '0123456789abcdefghjkmnpqrstvwxyz'
/** The value of each digit, by its character code. */
const values: (number | undefined)[] = []
for (let value = 0; value < digits.length; value++) values[digits.charCodeAt(value)] = value

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

/** When an id of {@link idMaker} was made; `undefined` for any other. */
export function instantOfId(id: string): Instant | undefined {
  if (id.length !== 24) return undefined
  let instant = 0
  for (let place = 0; place < 10; place++) {
    const digit = values[id.charCodeAt(place)]
    if (digit === undefined) return undefined
    instant = instant * 32 + digit
  }
  return instant
}

function base32(value: number, width: number): string {
  let text = ''
  for (let rest = value; text.length < width; rest = Math.floor(rest / 32)) text = digits[rest % 32] + text
  return text
}
