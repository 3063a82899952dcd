/** What claim promises: due rows only, to one holder only, each with a new fence. */
import { strict as assert } from 'node:assert'
import { type Row, RUNNING } from '../../storage/index.ts'
import type { Case } from '../case.ts'
import { afterClaim, LEASE, NOW, rewritten, row, same } from '../rows.ts'
import { at, claim, claimAll, claimOne, put, request, settle } from '../steps.ts'

const ids = (rows: readonly Row[]): string[] => rows.map((each) => each.id).sort()

export const claimCases: readonly Case[] = [
  {
    name: 'claim hands out a due row with rev + 1, tries + 1, its holder and the end of its lease, and nothing else changed',
    async run({ storage }) {
      const before = row('a', { key: 'k', tries: 2, doneAt: NOW - 9, memo: '{"log":1}' })
      await put(storage, before)
      const claimed = await claimOne(storage, { holder: 'w#7', now: NOW, until: NOW + 1_234 })
      const expected = { ...afterClaim(before, { holder: 'w#7', until: NOW + 1_234 }), holder: claimed.holder }
      same(claimed, expected, 'claim handed out a row that is not what the claim makes of it')
      same(await at(storage, 'a'), claimed, 'claim handed out a row that differs from the stored one')
    },
  },
  {
    name: 'LZ-10 a row is due exactly when now >= wakeAt',
    async run({ storage }) {
      await put(storage, row('a', { wakeAt: NOW + 10 }))
      assert.deepEqual(
        await claim(storage, { now: NOW + 9 }),
        [],
        'claim handed out a row 1 ms before its wakeAt: it starts early',
      )
      await claimAll(storage, 1, { now: NOW + 10 })
    },
  },
  {
    name: 'LZ-10 a lease has ended exactly when now >= wakeAt',
    async run({ storage }) {
      await put(storage, row('a'))
      const claimed = await claimOne(storage)
      const end = claimed.wakeAt!
      assert.deepEqual(
        await claim(storage, { now: end - 1, holder: 'w#2' }),
        [],
        'claim handed out a row whose lease runs for 1 ms more: two holders work on it',
      )
      await claimAll(storage, 1, { now: end, holder: 'w#3' })
    },
  },
  {
    name: 'P-EXCL claim never hands out a row whose lease runs, to another or to the same worker',
    async run({ storage }) {
      await put(storage, row('a'), row('b'))
      await claimAll(storage, 2)
      for (const now of [NOW, NOW + 1, NOW + LEASE / 2]) {
        const again = await claim(storage, { now, holder: `w#${now}` })
        assert.deepEqual(ids(again), [], 'claim handed out a row that another claim holds')
      }
    },
  },
  {
    name: 'CK-02 a lease that runs is not ended by a claim whose clock was set back',
    async run({ storage }) {
      await put(storage, row('a'))
      await claimOne(storage)
      const again = await claim(storage, { now: NOW - 3_600_000, holder: 'w#2' })
      assert.deepEqual(ids(again), [], 'claim with an earlier now handed out a row that is held')
    },
  },
  {
    name: 'LZ-13 a lease ends when its own claim said, whatever the next claim has for a lease',
    async run({ storage }) {
      await put(storage, row('a'))
      await claimOne(storage, { until: NOW + LEASE })
      const short = await claim(storage, { now: NOW + 10_000, until: NOW + 10_005, holder: 'w#2' })
      assert.deepEqual(ids(short), [], "claim judged a lease by the length of the claimer's own")
      const [claimed] = await claimAll(storage, 1, { now: NOW + LEASE, until: NOW + LEASE + 5, holder: 'w#3' })
      assert.equal(claimed!.wakeAt, NOW + LEASE + 5, 'claim did not write the end of the lease that it was given')
    },
  },
  {
    name: 'CR-01 a row whose lease lapsed is handed out again, with one try and one fence more',
    async run({ storage }) {
      await put(storage, row('a'))
      const first = await claimOne(storage)
      const second = await claimOne(storage, { now: NOW + LEASE, holder: 'w#2' })
      const expected = { ...afterClaim(first, { holder: 'w#2', until: NOW + LEASE + LEASE }), holder: second.holder }
      same(second, expected, 'the claim of a lapsed row did not count, or did not fence off the holder before it')
    },
  },
  {
    name: 'LZ-18 the fence rises by one with every claim of a row',
    async run({ storage }) {
      await put(storage, row('a'))
      for (let round = 1; round <= 5; round++) {
        const now = NOW + round * LEASE
        const claimed = await claimOne(storage, { now, holder: `w#${round}` })
        assert.equal(
          claimed.rev,
          NOW + round,
          `claim number ${round} gave the fence ${claimed.rev - NOW} above the first rev`,
        )
        assert.equal(claimed.tries, round, `claim number ${round} counted ${claimed.tries} tries`)
      }
    },
  },
  {
    name: 'claim turns waiting into running and leaves any other state alone',
    async run({ storage }) {
      const states = ['waiting', 'running', 'held', 'mapping', 'active', 'completed', 'WAITING']
      await put(storage, ...states.map((state) => row(`in-${state}`, { state })))
      for (const claimed of await claimAll(storage, states.length)) {
        const before = claimed.id.slice('in-'.length)
        const expected = before === 'waiting' ? RUNNING : before
        assert.equal(claimed.state, expected, `claim turned the state '${before}' into '${claimed.state}'`)
        assert.equal((await at(storage, claimed.id))?.state, expected, 'claim answered a state that it did not store')
      }
    },
  },
  {
    name: 'a row that was given back or is to be retried is due again when its new wakeAt says',
    async run({ storage }) {
      await put(storage, row('a'))
      const claimed = await claimOne(storage)
      await settle(storage, rewritten(claimed, { state: 'waiting', wakeAt: NOW + 500 }))
      assert.deepEqual(
        await claim(storage, { now: NOW + 499, holder: 'w#2' }),
        [],
        'claim handed out a retry too early',
      )
      const again = await claimOne(storage, { now: NOW + 500, holder: 'w#3' })
      assert.equal(again.rev, claimed.rev + 2, `a retry was claimed with rev ${again.rev} after ${claimed.rev}`)
    },
  },
  {
    name: 'claim sees a priority and a wakeAt that an apply has changed',
    async run({ storage }) {
      await put(storage, row('a', { wakeAt: NOW + LEASE, priority: 9 }))
      await settle(storage, rewritten(row('a'), { wakeAt: NOW, priority: 0 }))
      const claimed = await claimOne(storage)
      assert.equal(
        claimed.priority,
        0,
        `claim handed out a row with the priority ${claimed.priority} that it no longer has`,
      )
    },
  },
  {
    name: 'P-ATTEMPT a claim goes on from the tries that an apply has given back',
    async run({ storage }) {
      await put(storage, row('a', { tries: 4 }))
      const claimed = await claimOne(storage)
      await settle(storage, rewritten(claimed, { state: 'waiting', wakeAt: NOW, tries: 4 }))
      const again = await claim(storage, request(storage, { holder: 'w#2' }))
      if (storage.traits.order === 'exact') assert.equal(again[0]?.tries, 5, 'claim counted a try that was given back')
    },
  },
]
