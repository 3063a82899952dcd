/** Inserts at the same time: one wins, and whoever loses is told which. */
import { strict as assert } from 'node:assert'
import type { Case } from '../case.ts'
import { afterApply, finished, removed, rewritten, row, same } from '../rows.ts'
import { at, claimAll, put, settle } from '../steps.ts'
import { callers, together } from './callers.ts'

const ROUNDS = 30

const RACERS = 64

export const concurrentInsertCases: readonly Case[] = [
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
