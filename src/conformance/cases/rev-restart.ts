/** An id that was removed may come back: as a new row, with the fence that it is given. */
import { strict as assert } from 'node:assert'
import type { Case } from '../case.ts'
import { finished, NOW, removed, rewritten, row, same } from '../rows.ts'
import { at, claimOne, put, settle } from '../steps.ts'

const later = NOW + 1_000_000

export const revRestartCases: readonly Case[] = [
  {
    name: 'an id that was removed can be inserted again, as a new row with the rev that it is given',
    async run({ storage }) {
      await put(storage, row('a', { key: 'k' }))
      const claimed = await claimOne(storage)
      await settle(storage, removed(claimed))
      const second = row('a', { key: 'k', rev: later, wakeAt: later, input: '"second"' })
      assert.deepEqual(await storage.insert([second]), ['inserted'], 'insert refused an id that had been removed')
      same(await at(storage, 'a'), second, 'a row that came back was not stored as it was given')
    },
  },
  {
    name: 'P-EPOCH no write of the removed row reaches the row that came back under its id',
    async run({ storage }) {
      await put(storage, row('a'))
      const former = await claimOne(storage)
      await settle(storage, removed(former))
      const second = row('a', { rev: later, wakeAt: later })
      await put(storage, second)
      assert.equal(
        await settle(storage, finished(former)),
        'stale',
        'apply settled a row with a fence of its former life',
      )
      assert.deepEqual(await storage.extend([former], later + 1), [false], 'extend took a fence of a former life')
      assert.equal(
        await settle(storage, removed(former)),
        'stale',
        'apply removed a row with a fence of its former life',
      )
      same(await at(storage, 'a'), second, 'a write to the removed row changed the one that came back')
    },
  },
  {
    name: 'P-EPOCH fences of a row that came back go on from the rev that it was given',
    async run({ storage }) {
      await put(storage, row('a', { rev: 7 }))
      await settle(storage, removed(row('a', { rev: 7 })))
      await put(storage, row('a', { rev: later }))
      const claimed = await claimOne(storage)
      assert.equal(claimed.rev, later + 1, `the first claim of a row that came back has the rev ${claimed.rev}`)
      assert.equal(claimed.tries, 1, `a row that came back remembers ${claimed.tries - 1} tries of its former life`)
      assert.equal(
        await settle(storage, rewritten(claimed)),
        'applied',
        'apply refused the holder of a row that came back',
      )
    },
  },
]
