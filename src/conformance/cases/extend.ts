/** What extend promises: a longer lease for whoever holds the fence, and no new fence. */
import { strict as assert } from 'node:assert'
import type { Case } from '../case.ts'
import { LEASE, NOW, rewritten, row, same } from '../rows.ts'
import { at, claim, claimAll, claimOne, put, settle } from '../steps.ts'

export const extendCases: readonly Case[] = [
  {
    name: 'extend moves wakeAt of a held row and leaves its rev and all else alone',
    async run({ storage }) {
      await put(storage, row('a', { key: 'k' }))
      const claimed = await claimOne(storage)
      const until = NOW + 2 * LEASE
      assert.deepEqual(await storage.extend([claimed], until), [true], 'extend refused the holder of the current rev')
      same(await at(storage, 'a'), { ...claimed, wakeAt: until }, 'extend did not change wakeAt, or not only wakeAt')
    },
  },
  {
    name: 'a lease that was extended runs to its new end, exactly',
    async run({ storage }) {
      await put(storage, row('a'))
      const claimed = await claimOne(storage)
      const until = NOW + 2 * LEASE
      await storage.extend([claimed], until)
      assert.deepEqual(
        await claim(storage, { now: until - 1, holder: 'w#2' }),
        [],
        'claim handed out a row before the end of its extended lease',
      )
      await claimAll(storage, 1, { now: until, holder: 'w#3' })
    },
  },
  {
    name: 'extend may be called again and again with the row as it was claimed',
    async run({ storage }) {
      await put(storage, row('a'))
      const claimed = await claimOne(storage)
      for (const beat of [1, 2, 3]) {
        const answer = await storage.extend([claimed], NOW + LEASE + beat)
        assert.deepEqual(
          answer,
          [true],
          `extend number ${beat} with one fence was refused: it goes by more than the rev`,
        )
      }
      assert.equal((await at(storage, 'a'))?.wakeAt, NOW + LEASE + 3, 'the last extend did not count')
    },
  },
  {
    name: 'extend can shorten a lease',
    async run({ storage }) {
      await put(storage, row('a'))
      const claimed = await claimOne(storage)
      assert.deepEqual(await storage.extend([claimed], NOW + 5), [true], 'extend refused an earlier end')
      await claimAll(storage, 1, { now: NOW + 5, holder: 'w#2' })
    },
  },
  {
    name: 'extend succeeds on a lapsed row that nobody has claimed: leases bound waiting, rev bounds truth',
    async run({ storage }) {
      await put(storage, row('a'))
      const claimed = await claimOne(storage, { until: NOW + 1 })
      await claim(storage, { now: NOW + 9 * LEASE, wants: [{ name: 'other', limit: 1 }], holder: 'w#2' })
      assert.deepEqual(
        await storage.extend([claimed], NOW + 10 * LEASE),
        [true],
        'extend refused a lapsed lease although nobody had claimed the row',
      )
      assert.deepEqual(
        await claim(storage, { now: NOW + 9 * LEASE, holder: 'w#3' }),
        [],
        'claim handed out a row whose lapsed lease had been extended',
      )
    },
  },
  {
    name: 'extend moves a row that waits, too: it asks for the rev and a wake time, not for a state',
    async run({ storage }) {
      await put(storage, row('a', { state: 'mapping' }))
      assert.deepEqual(await storage.extend([row('a')], NOW + 7), [true], 'extend refused a row that was never claimed')
      same(await at(storage, 'a'), row('a', { state: 'mapping', wakeAt: NOW + 7 }), 'extend changed more than wakeAt')
    },
  },
  {
    name: 'extend writes nothing of the row that it is called with',
    async run({ storage }) {
      await put(storage, row('a'))
      const claimed = await claimOne(storage)
      await storage.extend([{ ...claimed, memo: '"stray"', holder: 'stray', state: 'stray', tries: 99 }], NOW + 7)
      same(
        await at(storage, 'a'),
        { ...claimed, wakeAt: NOW + 7 },
        "extend wrote fields of the caller's copy of the row",
      )
    },
  },
  {
    name: 'extend does not make an apply of the same rev stale',
    async run({ storage }) {
      await put(storage, row('a'))
      const claimed = await claimOne(storage)
      await storage.extend([claimed], NOW + 2 * LEASE)
      const answer = await settle(storage, rewritten(claimed, { state: 'completed', wakeAt: null }))
      assert.equal(answer, 'applied', "apply answered 'stale' to the holder because of its own heartbeat")
    },
  },
  {
    name: 'extend answers each row of a mixed batch by its position',
    async run({ storage, random }) {
      await put(storage, ...['a', 'b', 'c', 'd', 'e', 'f'].map((id) => row(id)))
      const claimed = await claimAll(storage, 6)
      const lost = new Set(['b', 'e'])
      const rows = random.shuffled(claimed).map((each) => (lost.has(each.id) ? { ...each, rev: each.rev - 1 } : each))
      const expected = rows.map((each) => !lost.has(each.id))
      assert.deepEqual(await storage.extend(rows, NOW + 7), expected, 'extend did not answer by position')
      for (const each of claimed) {
        const wakeAt = lost.has(each.id) ? each.wakeAt : NOW + 7
        same(await at(storage, each.id), { ...each, wakeAt }, 'extend moved the wrong rows of a mixed batch')
      }
    },
  },
]
