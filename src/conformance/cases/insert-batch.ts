/** Inserts in a batch: as if one after another, and no row stands in the way of a good one. */
import { strict as assert } from 'node:assert'
import type { Case } from '../case.ts'
import { row, same } from '../rows.ts'
import { at, claim, put } from '../steps.ts'

export const insertBatchCases: readonly Case[] = [
  {
    name: 'in one batch the first row with an id wins',
    async run({ storage }) {
      assert.deepEqual(
        await storage.insert([row('a', { input: '1' }), row('b'), row('a', { input: '2' })]),
        ['inserted', 'inserted', { duplicate: 'a' }],
        'insert did not answer as if the rows of a batch came one after another (two rows with one id)',
      )
      same(await at(storage, 'a'), row('a', { input: '1' }), 'a later row of a batch took the place of the first one')
    },
  },
  {
    name: 'in one batch the first row with a key wins, and the others name it',
    async run({ storage }) {
      assert.deepEqual(
        await storage.insert([row('c', { key: 'k' }), row('a', { key: 'k' }), row('b', { key: 'k' })]),
        ['inserted', { duplicate: 'c' }, { duplicate: 'c' }],
        'insert did not answer as if the rows of a batch came one after another (three rows with one key)',
      )
      same(await at(storage, 'a'), undefined, 'insert stored a second row with a key of its own batch')
    },
  },
  {
    name: 'a row that was refused for its id takes no key, in the same batch or later',
    async run({ storage }) {
      await put(storage, row('a'))
      assert.deepEqual(
        await storage.insert([row('a', { key: 'k' }), row('b', { key: 'k' })]),
        [{ duplicate: 'a' }, 'inserted'],
        'insert gave the key to a row that it refused for its id, and so refused the next row of the batch',
      )
      await storage.insert([row('b', { key: 'k2' })])
      assert.deepEqual(
        await storage.insert([row('c', { key: 'k2' })]),
        ['inserted'],
        'insert remembers the key of a row that it refused',
      )
    },
  },
  {
    name: 'a row that was refused for its key does not take its id',
    async run({ storage }) {
      await put(storage, row('owner', { key: 'k' }))
      assert.deepEqual(
        await storage.insert([row('a', { key: 'k' }), row('a', { input: '2' })]),
        [{ duplicate: 'owner' }, 'inserted'],
        'insert took the id of a row that it refused for its key',
      )
      same(await at(storage, 'a'), row('a', { input: '2' }), 'insert mixed a refused row into a stored one')
    },
  },
  {
    name: 'a row whose id and key are both taken is refused with the name of one of the two',
    async run({ storage }) {
      await put(storage, row('a'), row('b', { key: 'k' }))
      const [answer] = await storage.insert([row('a', { key: 'k' })])
      assert.ok(
        typeof answer === 'object' && ['a', 'b'].includes(answer.duplicate),
        `insert answered ${JSON.stringify(answer)} to a row whose id and key are both taken`,
      )
      same(await at(storage, 'a'), row('a'), 'a refused insert changed the row with its id')
      same(await at(storage, 'b'), row('b', { key: 'k' }), 'a refused insert changed the row with its key')
    },
  },
  {
    name: 'a refused row keeps no other row of its batch from being stored',
    async run({ storage }) {
      await put(storage, row('b'), row('d', { key: 'k' }))
      const answers = await storage.insert([row('a'), row('b'), row('c'), row('e', { key: 'k' }), row('f')])
      assert.deepEqual(
        answers,
        ['inserted', { duplicate: 'b' }, 'inserted', { duplicate: 'd' }, 'inserted'],
        'insert did not answer each row of a mixed batch by its position',
      )
      const [a, c, f] = await storage.get(['a', 'c', 'f'])
      same(a, row('a'), 'a row in front of a refused one was not stored')
      same(c, row('c'), 'a row between refused ones was not stored')
      same(f, row('f'), 'a row behind refused ones was not stored')
    },
  },
  {
    name: 'a refused row is never handed out',
    async run({ storage }) {
      await put(storage, row('owner', { key: 'k', wakeAt: null }))
      await storage.insert([row('ghost', { key: 'k' })])
      assert.deepEqual(await claim(storage), [], 'claim handed out a row that insert had refused')
    },
  },
]
