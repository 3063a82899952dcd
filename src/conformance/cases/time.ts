/** now(): the clock that all holders go by. */
import { strict as assert } from 'node:assert'
import type { Case } from '../case.ts'
import type { Subject } from '../subject.ts'

const CALLS = 50
const unless = ({ storage }: Subject): string | undefined => (storage.now ? undefined : 'the storage has no now()')

export const timeCases: readonly Case[] = [
  {
    name: 'CK-12 now() tells whole milliseconds since 1970, and how far it may be off',
    unless,
    async run({ storage }) {
      const { now, error } = await storage.now!()
      assert.ok(Number.isSafeInteger(now), `now() answered ${now}, which is not a whole number of milliseconds`)
      assert.ok(now > 1_500_000_000_000 && now < 1e14, `now() answered ${now}, which is not in milliseconds since 1970`)
      assert.ok(Number.isFinite(error) && error >= 0, `now() answered an error of ${error}, not a number from 0`)
    },
  },
  {
    name: 'CK-02 now() never runs backwards',
    unless,
    async run({ storage }) {
      let last = Number.NEGATIVE_INFINITY
      for (let call = 0; call < CALLS; call++) {
        const { now, error } = await storage.now!()
        assert.ok(now >= last - error, `now() answered ${now} after ${last}: it runs backwards`)
        last = Math.max(last, now)
      }
    },
  },
  {
    name: 'CK-01 a lease is longer than four times what now() may be off',
    unless,
    async run({ storage }) {
      const { error } = await storage.now!()
      const { leaseMs } = storage.traits
      assert.ok(
        leaseMs > 4 * error,
        `traits.leaseMs is ${leaseMs} where now() may be off by ${error}: leases would be stolen`,
      )
    },
  },
]
