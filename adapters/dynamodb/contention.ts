/**
 * Whether claims get in each other's way. Processes that all go for the first rows in order lose most of them to each
 * other, and each failed write is billed: 3.2 for each claim, with eight processes. So after a claim that lost
 * more than half, the next ones begin somewhere at random among what is due, and order is tried again now and then.
 */
export interface Contention {
  /** Whether the next claim should spread out. */
  isHigh(): boolean
  /** What became of a claim: how many rows it tried to get, and how many it got. */
  learn(tried: number, won: number): void
}

const CLAIMS_LEAST = 8
const CLAIMS_MOST = 256

export function contentionOf(): Contention {
  /** How many more claims spread out. */
  let left = 0
  /** How many will after the next claim in order that loses: trying again is what costs. */
  let next = CLAIMS_LEAST
  return {
    isHigh: () => left > 0,
    learn(tried, won) {
      // One or two rows tell of chance, not of others.
      if (tried < 3) return
      const isLost = won < tried / 2
      if (left > 0) {
        left -= 1
      } else if (isLost) {
        left = next
        next = Math.min(next * 2, CLAIMS_MOST)
      } else {
        next = Math.max(next / 2, CLAIMS_LEAST)
      }
    },
  }
}
