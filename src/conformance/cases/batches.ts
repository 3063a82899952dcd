/** Batches: empty ones are legal, full ones work, and every answer comes by position. */
import { strict as assert } from 'node:assert'
import type { Case } from '../case.ts'
import { finished, LEASE, NOW, row, same, sameRows } from '../rows.ts'
import { claim, claimAll, pages, put } from '../steps.ts'

/** Beyond this a full batch says nothing more, and takes long. */
const FULL_MAX = 2_000

export const batchesCases: readonly Case[] = [
  {
    name: 'an empty batch is legal for every verb, and changes nothing',
    async run({ storage }) {
      await put(storage, row('a'))
      assert.deepEqual(await storage.insert([]), [], 'insert of no rows did not answer an empty list')
      assert.deepEqual(await storage.extend([], NOW + LEASE), [], 'extend of no rows did not answer an empty list')
      assert.deepEqual(await storage.apply([]), [], 'apply of no changes did not answer an empty list')
      assert.deepEqual(await storage.get([]), [], 'get of no ids did not answer an empty list')
      assert.deepEqual(await claim(storage, { wants: [] }), [], 'claim of no names did not answer an empty list')
      same((await storage.get(['a']))[0], row('a'), 'an empty batch changed a row')
    },
  },
  {
    name: 'batches of batchMax work for every verb: a storage that declares more than it takes has failed here',
    async run({ storage, random }) {
      const size = Math.min(storage.traits.batchMax, FULL_MAX)
      const rows = Array.from({ length: size }, (_, index) => row(`job/${String(index).padStart(6, '0')}`))
      const mixed = random.shuffled(rows)
      const inserted = await storage.insert(mixed)
      assert.ok(
        inserted.every((each) => each === 'inserted'),
        'insert failed on a full batch',
      )
      const again = await storage.insert(rows)
      const refused = rows.map((each) => ({ duplicate: each.id }))
      assert.deepEqual(again, refused, 'insert of a full batch of duplicates did not answer by position')
      const full = { limit: size, wants: [{ name: 'resize', limit: size }] }
      const claimed = await claimAll(storage, size, full)
      const ids = mixed.map((each) => each.id)
      const got = await storage.get(ids)
      assert.deepEqual(
        got.map((each) => each?.id),
        ids,
        'get of a full batch did not answer by position',
      )
      const beats = await storage.extend(random.shuffled(claimed), NOW + 2 * LEASE)
      assert.ok(
        beats.every((each) => each),
        'extend failed on a full batch',
      )
      const settled = await storage.apply(random.shuffled(claimed).map((each) => finished(each)))
      assert.ok(
        settled.every((each) => each === 'applied'),
        'apply failed on a full batch',
      )
      const found = await pages(storage, { parent: 'job' }, size)
      assert.deepEqual(
        found.map((each) => each.id),
        rows.map((each) => each.id),
        'find of a full page lost rows',
      )
    },
  },
  {
    name: 'a batch is no transaction: what can be done is done, whatever becomes of the rest',
    async run({ storage }) {
      await put(storage, row('a'), row('b', { key: 'k' }))
      await storage.insert([row('a'), row('c'), row('d', { key: 'k' })])
      same((await storage.get(['c']))[0], row('c'), 'insert left out a good row because of others in its batch')
      const rows = await claimAll(storage, 3)
      const changes = rows.map((each, index) => finished({ ...each, rev: each.rev - (index === 1 ? 1 : 0) }))
      assert.deepEqual(
        await storage.apply(changes),
        ['applied', 'stale', 'applied'],
        'one stale change spoiled its batch',
      )
      const after = (await storage.get(rows.map((each) => each.id))).map((each) => each!)
      const expected = rows.map((each, index) => (index === 1 ? each.state : 'completed'))
      assert.deepEqual(
        after.map((each) => each.state),
        expected,
        'apply wrote all or nothing of a mixed batch',
      )
      sameRows([after[1]!], [rows[1]!], 'a stale change in a batch was written')
    },
  },
]
