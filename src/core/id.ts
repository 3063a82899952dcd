/** Ids that sort by the time they were made, also within a millisecond of one process. */
import type { Instant } from './duration.ts'

const digits = '0123456789abcdefghjkmnpqrstvwxyz'
const pairs = Array.from({ length: 1024 }, (_, value) => digits[value >> 5]! + digits[value & 31]!)

/** The value of each digit, by its character code. */
const values: (number | undefined)[] = []
for (let value = 0; value < digits.length; value++) values[digits.charCodeAt(value)] = value

const counterEnd = 1024 ** 2
const randomDigits = 10

/**
 * Makes ids of 24 characters: 10 of time, 4 of a counter within the millisecond, 10 drawn at random for the millisecond.
 * Within one process time and counter tell ids apart, between processes what was drawn. A clock that steps back changes
 * nothing: the last instant goes on being used. `draw` gives that many random bytes.
 */
export function idMaker(draw: (bytes: number) => Uint8Array): (now: Instant) => string {
  let last = -1
  let time = ''
  let random = ''
  let counter = 0

  return (now) => {
    if (now > last || counter === counterEnd) {
      last = Math.max(now, last + 1)
      time = timeDigits(last)
      random = Array.from(draw(randomDigits), (byte) => digits[byte & 31]).join('')
      counter = 0
    }
    const count = pairs[counter >> 10]! + pairs[counter & 1023]!
    counter++
    return time + count + random
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

function timeDigits(instant: Instant): string {
  let text = ''
  for (let rest = instant; text.length < 10; rest = Math.floor(rest / 1024)) text = pairs[rest % 1024] + text
  return text
}
