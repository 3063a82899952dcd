/** What apply promises: all of `next` on the rev that was seen, and nothing at all on any other. */
import { strict as assert } from 'node:assert'
import type { Change, Row, Storage } from '../../storage/index.ts'
import type { Case } from '../case.ts'
import { afterApply, finished, LEASE, NOW, removed, rewritten, row, same } from '../rows.ts'
import { at, claim, claimAll, claimOne, eventually, pages, put, settle } from '../steps.ts'

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
