/** Repeatable chance: the same seed gives the same numbers on every machine (mulberry32). */
export interface Random {
  /** A whole number from 0 up to, and without, `below`. */
  below(below: number): number
  /** True `percent` times out of a hundred. */
  chance(percent: number): boolean
  pick<T>(things: readonly T[]): T
  shuffled<T>(things: readonly T[]): T[]
}

export function seeded(seed: number): Random {
  let state = seed >>> 0
  const draw = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(draw() * limit)
  return {
    below,
    chance: (percent) => draw() * 100 < percent,
    pick: (things) => things[below(things.length)]!,
    shuffled(things) {
      const mixed = [...things]
      for (let last = mixed.length - 1; last > 0; last--) {
        const other = below(last + 1)
        const held = mixed[last]!
        mixed[last] = mixed[other]!
        mixed[other] = held
      }
      return mixed
    },
  }
}

/** The seed to use: what the caller said, else `PIECEWORK_SEED`, else `otherwise`. */
export function chosenSeed(given: number | undefined, otherwise: () => number): number {
  const fromEnvironment = process.env.PIECEWORK_SEED
  return given ?? (fromEnvironment ? Number(fromEnvironment) : otherwise())
}
