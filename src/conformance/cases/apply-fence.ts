/** Whom apply refuses: every write on a rev that is not the current one, to the byte. */
import { strict as assert } from 'node:assert'
import type { Change, Row, Storage } from '../../storage/index.ts'
import type { Case } from '../case.ts'
import { afterApply, finished, LEASE, NOW, removed, rewritten, row, same } from '../rows.ts'
import { at, claim, claimOne, put, settle } from '../steps.ts'

/** Applies what must be written, and compares the row with what the change makes of it. */
async function applied(storage: Storage, change: Change, complaint: string): Promise<Row | undefined> {
  assert.equal(await settle(storage, change), 'applied', `apply answered 'stale' to the current rev: ${complaint}`)
  const found = await at(storage, change.row.id)
  same(found, afterApply(change), complaint)
  return found
}

/** Two claims of one row, one after the other's lease: the first is a zombie. */
async function zombieAndHolder(storage: Storage, holder = 'w#2'): Promise<{ zombie: Row; current: Row }> {
  await put(storage, row('a', { key: 'k' }))
  const zombie = await claimOne(storage)
  const current = await claimOne(storage, { now: NOW + LEASE, holder })
  return { zombie, current }
}

/** Everything that a zombie may try: each must be stale and leave the row as it is. */
async function allStale(storage: Storage, zombie: Row, stored: Row | undefined, when: string): Promise<void> {
  const attempts: [string, Change][] = [
    ['complete', finished(zombie)],
    ['fail', rewritten(zombie, { state: 'failed', wakeAt: null, doneAt: NOW })],
    ['retry', rewritten(zombie, { state: 'waiting', wakeAt: NOW + 5, tries: zombie.tries - 1 })],
    ['write progress', rewritten(zombie, { memo: '{"progress":"of a zombie"}' })],
    ['let go of the key', rewritten(zombie, { keepKey: false })],
    ['remove', removed(zombie)],
  ]
  for (const [what, change] of attempts) {
    const answer = await settle(storage, change)
    assert.equal(
      answer,
      'stale',
      `apply answered '${answer}' to a claim whose rev is behind, ${when}: a zombie can ${what}`,
    )
    same(await at(storage, zombie.id), stored, `a stale apply (a zombie that tried to ${what}) changed the row ${when}`)
  }
}

export const applyFenceCases: readonly Case[] = [
  {
    name: 'LZ-02 LZ-03 LZ-05 apply on a rev that is behind is stale while another holder works, and changes nothing to the byte',
    async run({ storage }) {
      const { zombie, current } = await zombieAndHolder(storage)
      await allStale(storage, zombie, current, 'while another holder works')
      assert.equal(await settle(storage, finished(current)), 'applied', 'stale writes kept the holder from settling')
    },
  },
  {
    name: 'LZ-01 apply on a rev that is behind is stale after another holder has settled: its result stays',
    async run({ storage }) {
      const { zombie, current } = await zombieAndHolder(storage)
      const settled = await applied(storage, finished(current), 'the holder settles')
      await allStale(storage, zombie, settled, 'after another holder has settled')
    },
  },
  {
    name: 'LZ-06 apply goes by the rev, not by the worker: an old claim of the same holder is stale',
    async run({ storage }) {
      const { zombie, current } = await zombieAndHolder(storage, 'w#1')
      await allStale(storage, zombie, current, 'while the same holder works on a later claim')
    },
  },
  {
    name: 'apply on a rev that is not there yet is stale',
    async run({ storage }) {
      await put(storage, row('a'))
      const claimed = await claimOne(storage)
      await allStale(storage, { ...claimed, rev: claimed.rev + 1 }, claimed, 'with a rev from the future')
    },
  },
  {
    name: 'P-ABSORB a spent fence is stale on a row that was given back, and after its next claim',
    async run({ storage }) {
      await put(storage, row('a', { key: 'k' }))
      const spent = await claimOne(storage)
      const back = await applied(
        storage,
        rewritten(spent, { state: 'waiting', wakeAt: NOW, tries: 0, holder: null }),
        'given back',
      )
      await allStale(storage, spent, back, 'after the row was given back')
      const next = await claimOne(storage, { holder: 'w#2' })
      await allStale(storage, spent, next, 'after the row was given back and claimed again')
    },
  },
  {
    name: 'RC-04 of two different writes on one rev exactly one is applied, and the row is as that one made it',
    async run({ storage }) {
      await put(storage, row('a', { key: 'k' }))
      const claimed = await claimOne(storage)
      const kept = await applied(storage, finished(claimed), 'the first of two writes')
      const cancel = rewritten(claimed, { state: 'cancelled', wakeAt: null, holder: 'op#1', keepKey: false })
      assert.equal(await settle(storage, cancel), 'stale', 'apply accepted a second, different write on one rev')
      same(await at(storage, 'a'), kept, 'a second write on one rev changed the row')
    },
  },
  {
    name: 'LZ-11 LZ-12 a write that was decided on an old snapshot is stale, whoever moved the row on',
    async run({ storage }) {
      await put(storage, row('a'))
      const snapshot = await claimOne(storage)
      const next = await claimOne(storage, { now: NOW + LEASE, holder: 'w#2' })
      const reap = rewritten(snapshot, { state: 'failed', wakeAt: null, holder: 'reaper#1' })
      assert.equal(await settle(storage, reap), 'stale', "a reaper with an old snapshot ended the next holder's claim")
      same(await at(storage, 'a'), next, 'a reaper with an old snapshot changed the row')
    },
  },
  {
    name: 'apply of the holder of a lapsed lease that nobody has claimed is applied',
    async run({ storage }) {
      await put(storage, row('a'))
      const claimed = await claimOne(storage, { until: NOW + 1 })
      await claim(storage, { now: NOW + 9 * LEASE, wants: [{ name: 'other', limit: 1 }], holder: 'w#2' })
      await applied(storage, finished(claimed), 'a lapsed lease that nobody has claimed still settles')
    },
  },
]
