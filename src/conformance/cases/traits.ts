/** Traits: what a storage declares of itself must be sane, must not change, and must be true. */
import { strict as assert } from 'node:assert'
import type { Case } from '../case.ts'
import { finished, NOW, row, same } from '../rows.ts'
import { at, claimAll, claimOne, put, settle } from '../steps.ts'
import type { Subject } from '../subject.ts'

/** The largest batch that the cases make outside of the one about batchMax. */
const BATCH_LEAST = 10
const noSecond = ({ again }: Subject): string | undefined =>
  again ? undefined : 'create gave no `again`, so nothing else can look at the rows'

export const traitsCases: readonly Case[] = [
  {
    name: 'traits have sane values',
    async run({ storage: { traits } }) {
      const whole = (value: number, least: number) => Number.isSafeInteger(value) && value >= least
      assert.equal(typeof traits.durable, 'boolean', 'traits.durable is not a boolean')
      assert.equal(typeof traits.shared, 'boolean', 'traits.shared is not a boolean')
      assert.ok(['exact', 'close'].includes(traits.order), `traits.order is ${traits.order}, not 'exact' or 'close'`)
      assert.ok(
        whole(traits.batchMax, BATCH_LEAST),
        `traits.batchMax is ${traits.batchMax}, not a whole number from ${BATCH_LEAST}`,
      )
      assert.ok(
        whole(traits.rowMaxBytes, 1_024),
        `traits.rowMaxBytes is ${traits.rowMaxBytes}, not a whole number from 1024`,
      )
      assert.ok(whole(traits.lagMs, 0), `traits.lagMs is ${traits.lagMs}, not a whole number from 0`)
      assert.ok(whole(traits.leaseMs, 1), `traits.leaseMs is ${traits.leaseMs}, not a whole number from 1`)
    },
  },
  {
    name: 'traits do not change while the storage is used',
    async run({ storage }) {
      const before = { ...storage.traits }
      await put(storage, row('a'))
      await settle(storage, finished(await claimOne(storage)))
      assert.deepEqual({ ...storage.traits }, before, 'traits changed after a few calls')
    },
  },
  {
    name: 'CK-01 a shared storage tells the time: traits.shared is true only with now()',
    unless: ({ storage }) => (storage.traits.shared ? undefined : 'the storage does not declare itself shared'),
    async run({ storage }) {
      assert.equal(
        typeof storage.now,
        'function',
        'traits.shared is true, but there is no now() to agree on the time by',
      )
    },
  },
  {
    name: 'a shared storage shows every acknowledged write to a second storage on the same rows, and fences both alike',
    unless: (subject) =>
      subject.storage.traits.shared ? noSecond(subject) : 'the storage does not declare itself shared',
    async run({ storage, again }) {
      const second = await again!()
      await put(storage, row('a', { key: 'k' }), row('b'))
      same(await at(second, 'a'), row('a', { key: 'k' }), 'a second storage did not see an insert')
      assert.deepEqual(
        await second.insert([row('c', { key: 'k' })]),
        [{ duplicate: 'a' }],
        'a key was given away twice',
      )
      const [first] = await claimAll(storage, 1, { limit: 1 })
      const others = await claimAll(second, 1, { holder: 'w#2' })
      assert.ok(
        others.every((each) => each.id !== first!.id),
        'two storages on the same rows handed out one row twice',
      )
      const current = await claimOne(second, {
        now: first!.wakeAt!,
        wants: [{ name: 'resize', limit: 1 }],
        holder: 'w#3',
      })
      const zombie = [first!, ...others].find((each) => each.id === current.id)!
      assert.equal(
        await settle(storage, finished(zombie)),
        'stale',
        'a fence taken by one storage did not hold in the other',
      )
      same(await at(storage, current.id), current, 'a second storage and the first one see different rows')
    },
  },
  {
    name: 'CR-04 a durable storage has every acknowledged write after it was closed and opened again',
    unless: (subject) =>
      subject.storage.traits.durable ? noSecond(subject) : 'the storage does not declare itself durable',
    async run({ storage, again }) {
      await put(storage, row('a', { key: 'k' }), row('b'))
      const [one, other] = await claimAll(storage, 2)
      await storage.extend([other!], NOW + 7)
      const write = finished(one!, { keepKey: true })
      await settle(storage, write)
      const before = await storage.get(['a', 'b'])
      await storage.close?.()
      const second = await again!()
      for (const each of before) {
        same(await at(second, each!.id), each, 'an acknowledged write was gone after the storage was opened again')
      }
      assert.equal(
        await settle(second, write),
        'applied',
        'an own write was not recognised after the storage was opened again',
      )
    },
  },
]
