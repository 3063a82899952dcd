/** The adapter's only chance: names of writes that nobody else uses, and pages that nobody else reads. */
import { randomBytes } from 'node:crypto'

/** Names for the writes of one storage: nine random bytes are drawn once, then it counts. */
export function writeNames(): () => string {
  const self = randomBytes(9).toString('base64url')
  let count = 0
  return () => `${self}.${(++count).toString(36)}`
}

/** A whole number from 0 to `below` - 1. */
export function anyBelow(below: number): number {
  return Math.floor(Math.random() * below)
}
