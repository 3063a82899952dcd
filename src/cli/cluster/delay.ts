/** How long to wait before a process that ended is started again: longer each time, so that one that cannot live is no load. */

export const delayMinMs = 250
export const delayMaxMs = 30_000
/** What has worked for so long is not what ends at once. */
export const steadyMs = 60_000

/** `ends`: how often it has ended since it last worked for {@link steadyMs}, this time included. */
export function delayMsAfter(ends: number): number {
  return Math.min(delayMaxMs, delayMinMs * 2 ** Math.min(ends - 1, 10))
}
