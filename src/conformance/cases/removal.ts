/** Apply with null: the row is gone for every verb, and nothing brings it back. */
import { strict as assert } from 'node:assert'
import type { Case } from '../case.ts'
import { finished, LEASE, NOW, removed, row } from '../rows.ts'
import { at, claim, claimOne, eventually, pages, put, settle } from '../steps.ts'

export const removalCases: readonly Case[] = [
  {
    name: 'apply with null removes the row: nothing finds it, claims it or counts it any more',
    async run({ storage }) {
      await put(storage, row('job/1', { key: 'k', doneAt: NOW - 1 }))
      const claimed = await claimOne(storage)
      assert.equal(
        await settle(storage, removed(claimed)),
        'applied',
        "apply answered 'stale' to the removal of the current rev",
      )
      assert.equal(await at(storage, 'job/1'), undefined, 'get found a removed row')
      assert.deepEqual((await storage.find({ key: 'k' }, 10)).rows, [], 'find by key found a removed row')
      assert.deepEqual(await pages(storage, { parent: 'job' }, 10), [], 'find by parent found a removed row')
      assert.deepEqual(
        await claim(storage, { now: NOW + 9 * LEASE, holder: 'w#2' }),
        [],
        'claim handed out a removed row',
      )
      await eventually(storage, async () => {
        assert.deepEqual(await pages(storage, { names: ['resize'] }, 10), [], 'find by names found a removed row')
        assert.deepEqual(
          (await storage.find({ doneBefore: NOW }, 10)).rows,
          [],
          'find by doneBefore found a removed row',
        )
        const { counts } = await storage.count({ upTo: 9 })
        assert.deepEqual(Object.keys(counts), [], 'count counted a removed row')
      })
    },
  },
  {
    name: 'RS-02 apply never brings back a row that was removed',
    async run({ storage }) {
      await put(storage, row('a'))
      const claimed = await claimOne(storage)
      await settle(storage, removed(claimed))
      assert.equal(
        await settle(storage, finished(claimed)),
        'stale',
        "apply answered 'applied' to a row that was removed",
      )
      assert.equal(await at(storage, 'a'), undefined, 'apply brought back a row that was removed')
      assert.equal(await settle(storage, finished(row('nobody'))), 'stale', "apply answered 'applied' to an unknown id")
      assert.equal(await at(storage, 'nobody'), undefined, 'apply made a row out of an unknown id')
    },
  },
]
