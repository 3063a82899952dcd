/** The only file of the adapter that draws: marks of writes, jitter, and where a contended claim begins. */
import { randomBytes } from 'node:crypto'

/** 72 random bits as 12 characters: no two inserts ever share a mark. */
export function newMark(): string {
  return randomBytes(9).toString('base64url')
}

/** A whole number from 0 up to, and without, `below`. */
export function below(limit: number): number {
  return Math.floor(Math.random() * limit)
}
