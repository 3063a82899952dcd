/** Waits for what must come true, and says how long that took. */
import { setTimeout as sleep } from 'node:timers/promises'

/** @throws Error when it is not so within the limit. */
export async function until(limitMs: number, what: string, isSo: () => boolean | Promise<boolean>): Promise<number> {
  const from = performance.now()
  while (!(await isSo())) {
    if (performance.now() - from > limitMs) throw new Error(`${what}: not within ${limitMs} ms`)
    await sleep(20)
  }
  return performance.now() - from
}
