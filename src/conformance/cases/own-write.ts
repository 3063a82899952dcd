/** An adapter recognises its own write: drivers repeat requests, and our success may come back as a failed condition. */
import { strict as assert } from 'node:assert'
import type { Change, NextRow } from '../../storage/index.ts'
import type { Case } from '../case.ts'
import { afterApply, finished, LEASE, NOW, removed, rewritten, row, same } from '../rows.ts'
import { at, claimAll, claimOne, put, settle } from '../steps.ts'

const others: { readonly [Field in keyof NextRow]: NextRow[Field] } = {
  state: 'failed',
  priority: 1,
  wakeAt: NOW + 77,
  tries: 7,
  holder: 'w#other',
  doneAt: NOW + 77,
  memo: '{"result":"another"}',
  keepKey: false,
}

export const ownWriteCases: readonly Case[] = [
  {
    name: "DB-02 the same apply sent again answers 'applied' and writes nothing more",
    async run({ storage }) {
      await put(storage, row('a', { key: 'k' }))
      const changes = [rewritten(row('a', { key: 'k' }), { memo: '1', keepKey: true })]
      changes.push(finished(afterApply(changes[0]!)!))
      for (const change of changes) {
        for (const round of [1, 2, 3]) {
          const answer = await settle(storage, change)
          assert.equal(
            answer,
            'applied',
            `apply answered '${answer}' to its own write when it came for the ${round}. time`,
          )
          same(await at(storage, 'a'), afterApply(change), `the same apply was written ${round} times`)
        }
      }
    },
  },
  {
    name: "DB-02 the same removal sent again answers 'applied', as does one of a row that was never there",
    async run({ storage }) {
      await put(storage, row('a'))
      for (const round of [1, 2]) {
        const answer = await settle(storage, removed(row('a')))
        assert.equal(
          answer,
          'applied',
          `apply answered '${answer}' to the removal of a row when it came for the ${round}. time`,
        )
      }
      assert.equal(
        await settle(storage, removed(row('nobody'))),
        'applied',
        'the removal of an absent row was not applied',
      )
    },
  },
  {
    name: 'P-ONE-OUTCOME an apply that differs in any one field from the one that was written is stale',
    async run({ storage }) {
      const stored = row('a', { key: 'k' })
      await put(storage, stored)
      const written = rewritten(stored, { memo: '{"result":1}', holder: 'w#1', keepKey: true })
      await settle(storage, written)
      for (const [field, value] of Object.entries(others)) {
        const different: Change = { row: stored, next: { ...written.next!, [field]: value } }
        const answer = await settle(storage, different)
        assert.equal(answer, 'stale', `apply took a write that differs in ${field} from the stored one for its own`)
        same(await at(storage, 'a'), afterApply(written), `a second apply that differs in ${field} changed the row`)
      }
    },
  },
  {
    name: 'an apply that removed no row is stale while the row is there at a later rev',
    async run({ storage }) {
      await put(storage, row('a'))
      const claimed = await claimOne(storage)
      assert.equal(
        await settle(storage, removed(row('a'))),
        'stale',
        "apply answered 'applied' to a removal that did not happen",
      )
      same(await at(storage, 'a'), claimed, 'a stale removal changed the row')
    },
  },
  {
    name: 'an own write is stale once the row has moved on from it',
    async run({ storage }) {
      await put(storage, row('a'))
      const back = rewritten(await claimOne(storage), { state: 'waiting', wakeAt: NOW })
      await settle(storage, back)
      const next = await claimOne(storage, { now: NOW + LEASE, holder: 'w#2' })
      assert.equal(
        await settle(storage, back),
        'stale',
        "apply answered 'applied' to a write that another claim has replaced",
      )
      same(await at(storage, 'a'), next, 'an own write that was repeated late changed the row')
    },
  },
  {
    name: 'an own write that let go of the key is recognised after another row took the key',
    async run({ storage }) {
      await put(storage, row('a', { key: 'k' }))
      const done = finished(row('a', { key: 'k' }), { keepKey: false })
      await settle(storage, done)
      await put(storage, row('b', { key: 'k' }))
      assert.equal(await settle(storage, done), 'applied', 'apply did not recognise its own write that let go of a key')
      same(await at(storage, 'b'), row('b', { key: 'k' }), 'a repeated apply took the key from its next owner')
      const { rows } = await storage.find({ key: 'k' }, 10)
      assert.deepEqual(
        rows.map((each) => each.id),
        ['b'],
        'a repeated apply freed the key of its next owner',
      )
    },
  },
  {
    name: 'own writes are recognised by position among fresh and stale changes of a batch',
    async run({ storage }) {
      await put(storage, row('a'), row('b'), row('c'), row('d'))
      const [a, b, c, d] = (await claimAll(storage, 4)).sort((one, other) => (one.id < other.id ? -1 : 1))
      const own = finished(b!)
      await storage.apply([own, removed(d!)])
      assert.deepEqual(
        await storage.apply([finished({ ...a!, rev: a!.rev - 1 }), own, finished(c!), removed(d!)]),
        ['stale', 'applied', 'applied', 'applied'],
        'apply did not tell its own writes from fresh and stale ones in a batch',
      )
      same(await at(storage, 'b'), afterApply(own), 'an own write in a batch was written twice')
    },
  },
]
