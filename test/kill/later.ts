/** A storage seen from a later hour: what waits for a wake or for the end of a lease need not be waited for. */
import type { Storage } from '../../src/storage/index.ts'

/** The storage an hour later: every lease has ended. Other clocks stay as they are. */
export function anHourLater(storage: Storage): Storage {
  return Object.assign(Object.create(storage) as Storage, {
    async now() {
      const { now = 0, error = 0 } = (await storage.now?.()) ?? {}
      return { now: now + 3_600_000, error }
    },
  })
}
