/** What apply writes: all of `next` on the rev that was seen. */
import { strict as assert } from 'node:assert'
import type { Change, Row, Storage } from '../../storage/index.ts'
import type { Case } from '../case.ts'
import { afterApply, finished, LEASE, NOW, removed, rewritten, row, same } from '../rows.ts'
import { at, claimAll, claimOne, put, settle } from '../steps.ts'

/** Applies what must be written, and compares the row with what the change makes of it. */
async function applied(storage: Storage, change: Change, complaint: string): Promise<Row | undefined> {
  assert.equal(await settle(storage, change), 'applied', `apply answered 'stale' to the current rev: ${complaint}`)
  const found = await at(storage, change.row.id)
  same(found, afterApply(change), complaint)
  return found
}

export const applyCases: readonly Case[] = [
  {
    name: 'apply writes all that next holds, raises rev by one and changes nothing else',
    async run({ storage }) {
      await put(storage, row('job/1', { key: 'k' }))
      const claimed = await claimOne(storage)
      const next = {
        state: 'odd',
        priority: 8,
        wakeAt: NOW + 9,
        tries: 6,
        holder: 'op#1',
        doneAt: NOW - 3,
        memo: '[1]',
      }
      const first = await applied(storage, rewritten(claimed, next), 'apply did not write what next holds')
      const empty = { wakeAt: null, holder: null, doneAt: null, priority: 0, tries: 0 }
      await applied(storage, rewritten(first!, empty), 'apply did not write the empty fields of next')
    },
  },
  {
    name: 'apply works on a row in any state, claimed or not',
    async run({ storage }) {
      for (const state of ['held', 'waiting', 'running', 'mapping', 'completed', 'failed']) {
        const stored = row(`in-${state}`, { state, wakeAt: state === 'waiting' ? NOW : null })
        await put(storage, stored)
        await applied(storage, rewritten(stored, { state: 'cancelled', wakeAt: null }), `a row in the state '${state}'`)
      }
    },
  },
  {
    name: 'P-EPOCH fences rise without a gap over applies and claims',
    async run({ storage }) {
      await put(storage, row('a'))
      let seen = await claimOne(storage)
      for (let round = 1; round <= 4; round++) {
        seen = (await applied(storage, rewritten(seen, { state: 'waiting', wakeAt: NOW }), `round ${round}`))!
        seen = await claimOne(storage, { holder: `w#${round}.` })
        assert.equal(
          seen.rev,
          NOW + 1 + 2 * round,
          `after ${2 * round + 1} writes the fence is ${seen.rev - NOW} above the first`,
        )
      }
    },
  },
  {
    name: 'P-ATTEMPT apply writes tries, so that an attempt can be given back',
    async run({ storage }) {
      await put(storage, row('a', { tries: 5 }))
      const claimed = await claimOne(storage)
      const back = await applied(
        storage,
        rewritten(claimed, { state: 'waiting', tries: 5 }),
        'an attempt is given back',
      )
      await applied(storage, rewritten(back!, { tries: 0 }), 'tries are set to 0')
    },
  },
  {
    name: 'apply keeps the key or lets go of it as told, and a key that was let go of is never taken back',
    async run({ storage }) {
      await put(storage, row('a', { key: 'k' }))
      const kept = await applied(storage, rewritten(row('a', { key: 'k' }), { memo: '1' }), 'the key is kept')
      const free = await applied(storage, rewritten(kept!, { keepKey: false }), 'the key is let go of')
      await put(storage, row('b', { key: 'k' }))
      await applied(storage, rewritten(free!, { keepKey: true }), 'keepKey on a row that has let go of its key')
      const { rows } = await storage.find({ key: 'k' }, 10)
      assert.deepEqual(
        rows.map((each) => each.id),
        ['b'],
        'a row took back a key that it had let go of',
      )
    },
  },
  {
    name: 'an extend since the row was seen does not make apply stale, and does not survive it',
    async run({ storage }) {
      await put(storage, row('a'))
      const claimed = await claimOne(storage)
      await storage.extend([claimed], NOW + 5 * LEASE)
      await applied(storage, rewritten(claimed, { state: 'waiting', wakeAt: NOW + 3 }), 'apply after an extend')
      await claimAll(storage, 1, { now: NOW + 3, holder: 'w#2' })
    },
  },
  {
    name: 'apply answers each change of a mixed batch by its position, and writes just the current ones',
    async run({ storage, random }) {
      await put(storage, ...['a', 'b', 'c', 'd', 'e', 'f'].map((id) => row(id)))
      const claimed = random.shuffled(await claimAll(storage, 6))
      const behind = new Set(['b', 'e'])
      const changes = claimed.map((each) => {
        const seen = behind.has(each.id) ? { ...each, rev: each.rev - 1 } : each
        return each.id === 'c' || each.id === 'e' ? removed(seen) : finished(seen, { memo: `"${each.id}"` })
      })
      const expected = claimed.map((each) => (behind.has(each.id) ? 'stale' : 'applied'))
      assert.deepEqual(await storage.apply(changes), expected, 'apply did not answer each change by its position')
      for (const [index, each] of claimed.entries()) {
        const stored = behind.has(each.id) ? each : afterApply(changes[index]!)
        same(await at(storage, each.id), stored, 'apply of a mixed batch wrote the wrong thing')
      }
    },
  },
]
