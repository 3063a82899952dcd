/** Jitter and ids that a seed repeats: `vi.mock` puts this in the place of the library's own source of chance. */
let state = 1

/** Begins a new, known sequence. */
export function reseed(seed: number): void {
  state = seed >>> 0
}

/** Mulberry32. */
export function drawNumber(): number {
  state = (state + 0x6d2b79f5) >>> 0
  let mixed = Math.imul(state ^ (state >>> 15), state | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

export function drawBytes(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, () => drawNumber() * 256)
}
