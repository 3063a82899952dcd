/** What insert promises: stored as given, refused with the name of the row that is in the way. */
import { strict as assert } from 'node:assert'
import type { Row } from '../../storage/index.ts'
import type { Case } from '../case.ts'
import { finished, NOW, removed, rewritten, row, same } from '../rows.ts'
import { at, claimOne, put, settle } from '../steps.ts'

const everyField: Row = row('job-1/000007', {
  name: 'index',
  state: 'mapping',
  priority: 9,
  wakeAt: NOW + 5,
  rev: NOW + 17,
  tries: 3,
  holder: 'operator#1',
  key: 'index:nightly',
  doneAt: NOW - 5,
  input: '{"part":7}',
  memo: '{"seen":true}',
})

export const insertCases: readonly Case[] = [
  {
    name: 'insert stores every field of a row as it was given',
    async run({ storage }) {
      const bare = row('bare', { wakeAt: null, priority: 0 })
      await put(storage, everyField, bare)
      same(await at(storage, everyField.id), everyField, 'insert did not store a row as it was given')
      same(await at(storage, bare.id), bare, 'insert did not store a row with empty fields as it was given')
    },
  },
  {
    name: 'DB-28 insert keeps numbers beyond 32 bits, and a row that was tried 40,000 times',
    async run({ storage }) {
      const farOff = row('far-off', {
        wakeAt: 253_402_300_799_999,
        doneAt: 253_402_300_799_999,
        rev: 2 ** 52,
        tries: 40_000,
      })
      await put(storage, farOff)
      same(await at(storage, farOff.id), farOff, 'a large number did not come back as it was given')
    },
  },
  {
    name: 'insert does not need the parent to be there',
    async run({ storage }) {
      await put(storage, row('nobody/1'))
      same(await at(storage, 'nobody/1'), row('nobody/1'), 'insert changed a row whose parent is not stored')
    },
  },
  {
    name: 'DB-03 insert refuses an id that is there and names it',
    async run({ storage }) {
      await put(storage, row('a'))
      assert.deepEqual(
        await storage.insert([row('a')]),
        [{ duplicate: 'a' }],
        'insert of the very same row again did not answer that it is a duplicate of itself',
      )
      assert.deepEqual(
        await storage.insert([row('a', { input: '"other"' })]),
        [{ duplicate: 'a' }],
        'insert of another row with a stored id did not answer that it is a duplicate',
      )
    },
  },
  {
    name: 'insert of an id that is there changes nothing of the stored row, to the byte',
    async run({ storage }) {
      await put(storage, row('a', { key: 'k1' }))
      const claimed = await claimOne(storage)
      await storage.insert([row('a', { name: 'other', input: '"other"', memo: '"other"', rev: NOW + 99, key: 'k2' })])
      same(await at(storage, 'a'), claimed, 'insert of a duplicate id changed the row that was there')
    },
  },
  {
    name: 'RC-01 insert refuses a key that a row holds and names the row that holds it',
    async run({ storage }) {
      await put(storage, row('first', { key: 'k' }))
      assert.deepEqual(
        await storage.insert([row('second', { key: 'k' })]),
        [{ duplicate: 'first' }],
        'insert of a held key did not answer with the id of the row that holds it',
      )
      same(await at(storage, 'second'), undefined, 'insert stored a row whose key another row holds')
      same(await at(storage, 'first'), row('first', { key: 'k' }), 'insert of a held key changed its owner')
    },
  },
  {
    name: 'RC-02 a key is held for as long as its row keeps it, also when the row is claimed or finished',
    async run({ storage }) {
      await put(storage, row('first', { key: 'k' }))
      const refused = async (when: string) =>
        assert.deepEqual(
          await storage.insert([row('second', { key: 'k' })]),
          [{ duplicate: 'first' }],
          `insert gave away a key whose owner ${when} and did not let go of it`,
        )
      const claimed = await claimOne(storage)
      await refused('was claimed')
      await settle(storage, finished(claimed, { keepKey: true }))
      await refused('was finished')
    },
  },
  {
    name: 'RC-02 a key is free as soon as its row lets go of it, or is removed',
    async run({ storage }) {
      await put(storage, row('lets-go', { key: 'k1' }), row('goes', { key: 'k2' }))
      await settle(storage, rewritten(row('lets-go', { key: 'k1' }), { keepKey: false }))
      await settle(storage, removed(row('goes', { key: 'k2' })))
      assert.deepEqual(
        await storage.insert([row('next-1', { key: 'k1' }), row('next-2', { key: 'k2' })]),
        ['inserted', 'inserted'],
        'insert refused a key that nobody holds any more',
      )
    },
  },
  {
    name: 'rows without a key never stand in the way of one another',
    async run({ storage }) {
      await put(storage, row('a'), row('b'), row('c'))
      same(await at(storage, 'c'), row('c'), 'a row without a key was not stored beside others without one')
    },
  },
]
