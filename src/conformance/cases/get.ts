/** What get promises: every acknowledged write, by position, in rows that are the caller’s to keep. */
import { strict as assert } from 'node:assert'
import type { Row } from '../../storage/index.ts'
import type { Case } from '../case.ts'
import { afterApply, LEASE, NOW, removed, rewritten, row, same, sameRows } from '../rows.ts'
import { at, claimOne, pages, put, settle } from '../steps.ts'

/** Twelve parts in three states, beside rows whose parents look much the same. */
const parts: readonly Row[] = Array.from({ length: 12 }, (_, index) =>
  row(`job/${String(index).padStart(6, '0')}`, { state: ['waiting', 'running', 'completed'][index % 3]! }),
)

export const getCases: readonly Case[] = [
  {
    name: 'get answers by position, with undefined where there is no row',
    async run({ storage }) {
      await put(storage, row('a'), row('b'))
      const found = await storage.get(['x', 'b', 'y', 'a', 'b'])
      assert.deepEqual(
        found.map((each) => each?.id),
        [undefined, 'b', undefined, 'a', 'b'],
        'get did not answer each id by its position',
      )
    },
  },
  {
    name: 'get, find by parent and find by key see every acknowledged write at once',
    async run({ storage }) {
      let expected: Row | undefined = row('job/1', { key: 'k' })
      const seen = async (after: string) => {
        same(await at(storage, 'job/1'), expected, `get did not see ${after}`)
        sameRows(
          await pages(storage, { parent: 'job' }, 5),
          expected ? [expected] : [],
          `find by parent did not see ${after}`,
        )
        const holds = expected?.key ? [expected] : []
        sameRows((await storage.find({ key: 'k' }, 5)).rows, holds, `find by key did not see ${after}`)
      }
      await put(storage, expected)
      await seen('an insert')
      expected = await claimOne(storage)
      await seen('a claim')
      await storage.extend([expected], NOW + 2 * LEASE)
      expected = { ...expected, wakeAt: NOW + 2 * LEASE }
      await seen('an extend')
      for (const change of [{ memo: '[1]' }, { state: 'completed', wakeAt: null, keepKey: false }]) {
        const write = rewritten(expected!, change)
        await settle(storage, write)
        expected = afterApply(write)
        await seen('an apply')
      }
      await settle(storage, removed(expected!))
      expected = undefined
      await seen('a removal')
    },
  },
  {
    name: 'PL-10 rows that come back are the caller’s: changing them changes nothing in the storage',
    async run({ storage }) {
      const given = { ...row('job/1', { key: 'k' }) }
      await put(storage, given)
      given.memo = '"changed after insert"'
      same(
        await at(storage, 'job/1'),
        row('job/1', { key: 'k' }),
        'insert kept the object that it was given, not a copy',
      )
      const spoil = (found: Row | undefined) => found && Reflect.set(found, 'memo', '"spoiled"')
      const stored = await claimOne(storage)
      const kept = { ...stored }
      spoil(stored)
      same(await at(storage, 'job/1'), kept, 'claim handed out its own object, not a copy')
      spoil(await at(storage, 'job/1'))
      same(await at(storage, 'job/1'), kept, 'get handed out its own object, not a copy')
      for (const by of [{ parent: 'job' }, { key: 'k' }, { names: ['resize'] }]) {
        spoil((await storage.find(by, 5)).rows[0])
        same(await at(storage, 'job/1'), kept, `find by ${Object.keys(by)} handed out its own object, not a copy`)
      }
    },
  },
  {
    name: 'find by key gives the one row that holds the key, whatever its state',
    async run({ storage }) {
      await put(storage, row('a', { key: 'k1' }), row('b', { key: 'k2', state: 'completed' }), row('c'))
      const found = await storage.find({ key: 'k2' }, 5)
      sameRows(
        found.rows,
        [row('b', { key: 'k2', state: 'completed' })],
        'find by key did not give the row that holds it',
      )
      assert.deepEqual(
        (await storage.find({ key: 'k3' }, 5)).rows,
        [],
        'find by key found a row for a key that nobody holds',
      )
    },
  },
  {
    name: 'find never gives more rows than its limit',
    async run({ storage }) {
      await put(storage, ...parts.map((each) => ({ ...each, doneAt: NOW - 9 })))
      for (const by of [{ parent: 'job' }, { names: ['resize'] }, { doneBefore: NOW }]) {
        const { rows } = await storage.find(by, 2)
        assert.ok(
          rows.length <= 2,
          `find by ${Object.keys(by)} gave ${rows.length} rows where at most 2 were asked for`,
        )
      }
    },
  },
]
