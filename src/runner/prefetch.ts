/** How many tasks to claim ahead of those that run: short tasks in batches, long ones never hoarded. */

/** As much as this process works off in this time is fetched ahead. */
const aheadMs = 50

/** The most that is fetched ahead. */
const maxAhead = 500

/** `averageMs`: how long attempts took lately; while it is not known, nothing is fetched ahead. */
export function prefetchOf(concurrency: number, averageMs: number | undefined, batchMax: number): number {
  if (averageMs === undefined) return 0
  const ahead = Math.floor((concurrency * aheadMs) / Math.max(averageMs, 0.001))
  return Math.min(ahead, maxAhead, Math.max(0, batchMax - concurrency))
}
