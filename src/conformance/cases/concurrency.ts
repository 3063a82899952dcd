/** Callers at the same time, in one process: whoever loses is told the truth. */
import { strict as assert } from 'node:assert'
import type { ApplyResult, Awaitable, Row, Storage } from '../../storage/index.ts'
import type { Bench, Case } from '../case.ts'
import { afterApply, finished, LEASE, NOW, removed, rewritten, row, same } from '../rows.ts'
import { at, claim, claimAll, claimOne, put, settle } from '../steps.ts'

const ROUNDS = 30
const RACERS = 64

/** Storages for callers to share out: two on the same rows where a second one can be opened, else one. */
async function callers({ storage, again }: Bench): Promise<(n: number) => Storage> {
  const second = storage.traits.shared && again ? await again() : storage
  return (n) => (n % 2 === 0 ? storage : second)
}

/** Starts all calls before it awaits any; a storage that throws at once has thrown, not lost. */
function together<T>(...calls: readonly (() => Awaitable<T>)[]): Promise<T[]> {
  return Promise.all(calls.map(async (call) => call()))
}

export const concurrencyCases: readonly Case[] = [
  {
    name: 'RC-01 of 64 concurrent inserts of one key exactly one wins, and all others name it',
    async run(bench) {
      const caller = await callers(bench)
      const racers = Array.from({ length: RACERS }, (_, n) => row(`r${n}`, { key: 'k' }))
      const answers = await together(...racers.map((each, n) => async () => (await caller(n).insert([each]))[0]!))
      const winners = racers.filter((_, n) => answers[n] === 'inserted')
      assert.equal(
        winners.length,
        1,
        `${winners.length} of ${RACERS} concurrent inserts of one key were answered 'inserted'`,
      )
      const [winner] = winners
      for (const answer of answers.filter((each) => each !== 'inserted')) {
        assert.deepEqual(
          answer,
          { duplicate: winner!.id },
          'an insert that lost the race for a key did not name the winner',
        )
      }
      const stored = (await bench.storage.get(racers.map((each) => each.id).slice(0, 10))).filter(Boolean)
      assert.ok(stored.length <= 1, 'several rows hold one key')
      same(await at(bench.storage, winner!.id), winner, 'the insert that won the race for a key did not store its row')
    },
  },
  {
    name: 'DB-03 of 64 concurrent inserts of one id exactly one wins, and its row is the one that is stored',
    async run(bench) {
      const caller = await callers(bench)
      const racers = Array.from({ length: RACERS }, (_, n) => row('a', { input: `${n}` }))
      const answers = await together(...racers.map((each, n) => async () => (await caller(n).insert([each]))[0]!))
      const winners = racers.filter((_, n) => answers[n] === 'inserted')
      assert.equal(
        winners.length,
        1,
        `${winners.length} of ${RACERS} concurrent inserts of one id were answered 'inserted'`,
      )
      for (const answer of answers.filter((each) => each !== 'inserted')) {
        assert.deepEqual(answer, { duplicate: 'a' }, 'an insert that lost the race for an id did not name it')
      }
      same(await at(bench.storage, 'a'), winners[0], 'the stored row is not the one of the insert that won')
    },
  },
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
    name: 'RC-02 an insert of a key that its owner lets go of at the same time is stored, or names a row that held the key',
    async run(bench) {
      const caller = await callers(bench)
      for (let round = 0; round < ROUNDS; round++) {
        const key = `k${round}`
        const owner = row(`owner-${round}`, { key, wakeAt: null })
        const next = row(`next-${round}`, { key, wakeAt: null })
        await put(bench.storage, owner)
        const change = round % 2 ? removed(owner) : rewritten(owner, { keepKey: false })
        let answer: unknown
        const insert = async () => {
          answer = (await caller(1).insert([next]))[0]
        }
        const letGo = async () => {
          assert.equal(
            await settle(caller(0), change),
            'applied',
            'an insert of its key made the apply of the owner stale',
          )
        }
        await together<void>(...bench.random.shuffled([insert, letGo]))
        const inserted = answer === 'inserted'
        if (!inserted) assert.deepEqual(answer, { duplicate: owner.id }, 'insert named a row that never held the key')
        same(
          await at(bench.storage, next.id),
          inserted ? next : undefined,
          'what insert answered is not what it stored',
        )
        const { rows } = await bench.storage.find({ key }, 5)
        const holders = rows.map((each) => each.id)
        assert.deepEqual(
          holders,
          inserted ? [next.id] : [],
          `the key is held by [${holders}] after its owner let go of it`,
        )
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
  {
    name: 'CN-01 a derived id that many insert while its row is claimed and settled stays one row',
    async run(bench) {
      const caller = await callers(bench)
      const tick = row('schedule@0900')
      const insert = (n: number) => async () => (await caller(n).insert([tick]))[0]!
      const first = await together(...Array.from({ length: 16 }, (_, n) => insert(n)))
      const [claimed] = await claimAll(bench.storage, 1)
      const later = together(...Array.from({ length: 16 }, (_, n) => insert(n)))
      const write = finished(claimed!)
      assert.equal(
        await settle(bench.storage, write),
        'applied',
        'inserts of a stored id made the apply of its holder stale',
      )
      const wins = [...first, ...(await later)].filter((answer) => answer === 'inserted')
      assert.equal(wins.length, 1, `a derived id was inserted ${wins.length} times`)
      same(await at(bench.storage, tick.id), afterApply(write), 'an insert of a stored id changed its row')
    },
  },
]
