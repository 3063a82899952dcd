/** Claims, extends and applies at the same time: whoever loses is told the truth. */
import { strict as assert } from 'node:assert'
import type { ApplyResult, Row } from '../../storage/index.ts'
import type { Case } from '../case.ts'
import { afterApply, finished, LEASE, NOW, rewritten, row, same } from '../rows.ts'
import { at, claim, claimOne, put, settle } from '../steps.ts'
import { callers, together } from './callers.ts'

const ROUNDS = 30

export const concurrencyCases: readonly Case[] = [
  {
    name: 'P-EXCL claims at the same time never share a row',
    async run(bench) {
      const caller = await callers(bench)
      await put(bench.storage, ...Array.from({ length: 40 }, (_, n) => row(`r${n}`)))
      for (let round = 0; round < 10; round++) {
        const asks = [0, 1, 2, 3].map(
          (n) => () => claim(caller(n), { limit: 3, holder: `w${n}#${round}`, now: NOW + round }),
        )
        const ids = (await together(...asks)).flat().map((each) => each.id)
        assert.equal(new Set(ids).size, ids.length, `claims at the same time handed out one row twice: [${ids}]`)
      }
      const rows = (await Promise.all(Array.from({ length: 40 }, (_, n) => at(bench.storage, `r${n}`)))) as Row[]
      assert.ok(
        rows.every((each) => each.tries <= 1),
        'a row was claimed twice within one lease',
      )
    },
  },
  {
    name: 'an extend at the same time never makes the apply of the same rev stale',
    async run(bench) {
      const caller = await callers(bench)
      for (let round = 0; round < ROUNDS; round++) {
        await put(bench.storage, row(`r${round}`))
        const claimed = await claimOne(bench.storage, { holder: `w#${round}` })
        const write = finished(claimed)
        const beat = async () => (await caller(1).extend([claimed], NOW + 2 * LEASE + round))[0]!
        const done = () => settle(caller(0), write)
        const [one, other, third] = await together<boolean | ApplyResult>(...bench.random.shuffled([beat, done, beat]))
        const answers = [one, other, third]
        assert.ok(
          answers.includes('applied'),
          "apply answered 'stale' to the holder because of an extend at the same time",
        )
        same(await at(bench.storage, claimed.id), afterApply(write), 'an extend at the same time outlived the apply')
      }
    },
  },
  {
    name: 'RC-04 of two different applies of one rev at the same time exactly one is applied, and the row is as that one made it',
    async run(bench) {
      const caller = await callers(bench)
      for (let round = 0; round < ROUNDS; round++) {
        const stored = row(`r${round}`, { wakeAt: null })
        await put(bench.storage, stored)
        const writes = [0, 1, 2].map((n) => rewritten(stored, { state: `by-${n}`, holder: `w${n}#${round}` }))
        const answers = await together(...writes.map((write, n) => () => settle(caller(n), write)))
        const won = writes.filter((_, n) => answers[n] === 'applied')
        assert.equal(
          won.length,
          1,
          `${won.length} of 3 different applies of one rev at the same time were answered 'applied'`,
        )
        same(await at(bench.storage, stored.id), afterApply(won[0]!), 'the row is not as the apply that won made it')
      }
    },
  },
  {
    name: 'LZ-12 an apply and a claim of one lapsed row at the same time never both count on the same rev',
    async run(bench) {
      const caller = await callers(bench)
      for (let round = 0; round < ROUNDS; round++) {
        const name = `race-${round}`
        const wants = [{ name, limit: 1 }]
        await put(bench.storage, row(`r${round}`, { name }))
        const lapsed = await claimOne(bench.storage, { wants, until: NOW + 1 })
        const write = rewritten(lapsed, { state: 'waiting', wakeAt: NOW + LEASE })
        let answer: ApplyResult | undefined
        let got: Row[] = []
        const reclaim = async () => {
          got = await claim(caller(1), { wants, now: NOW + 5, until: NOW + 7 * LEASE, holder: `x#${round}` })
        }
        const settleIt = async () => {
          answer = await settle(caller(0), write)
        }
        await together<void>(...bench.random.shuffled([reclaim, settleIt]))
        const wins = Number(answer === 'applied') + got.length
        if (bench.storage.traits.order === 'exact')
          assert.ok(wins > 0, 'an apply and a claim of one row both came to nothing')
        assert.ok(wins < 2, 'an apply and a claim both succeeded on one rev of a row')
        if (got.length === 1)
          same(await at(bench.storage, lapsed.id), got[0], 'a lost apply changed the row of the next holder')
        if (answer === 'applied')
          same(await at(bench.storage, lapsed.id), afterApply(write), 'a lost claim changed the row')
      }
    },
  },
  {
    name: 'DB-09 batches over the same rows in opposite order do not deadlock, and each row has one winner',
    async run(bench) {
      const caller = await callers(bench)
      for (let round = 0; round < ROUNDS; round++) {
        const rows = Array.from({ length: 8 }, (_, n) => row(`r${round}-${n}`, { key: `k${round}-${n}` }))
        const back = [...rows].reverse()
        const crossed = back.map((each, n) => ({ ...each, id: `x${round}-${n}` }))
        const answers = await together(
          () => caller(0).insert(rows),
          () => caller(1).insert(crossed),
          () => caller(0).insert(back),
        )
        const stored = [rows, crossed, back].flatMap((batch, n) =>
          batch.filter((_, index) => answers[n]![index] === 'inserted'),
        )
        assert.equal(stored.length, 8, `inserts in opposite order stored ${stored.length} rows for 8 keys`)
        const writes = stored.map((each) => rewritten(each, { memo: '1', holder: 'a#1' }))
        const others = stored.map((each) => rewritten(each, { memo: '2', holder: 'b#1' })).reverse()
        const [one, other] = await together<unknown[]>(
          () => caller(0).apply(writes),
          () => caller(1).apply(others),
          () => caller(0).extend([...stored].reverse(), NOW + round),
        )
        for (const [index, each] of stored.entries()) {
          const both = [one![index], other![stored.length - 1 - index]].sort()
          assert.deepEqual(
            both,
            ['applied', 'stale'],
            `two applies in opposite order of ${each.id} were answered [${both}]`,
          )
        }
      }
    },
  },
]
