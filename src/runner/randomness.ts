/** The only file that draws at random. Core and the rest are given these. */
import { randomBytes } from 'node:crypto'

/** So many random bytes, for ids. */
export const drawBytes = (bytes: number): Uint8Array => randomBytes(bytes)

/** A number from 0 up to 1, for jitter. */
export const drawNumber = (): number => Math.random()
