/** What get and find promise: every acknowledged write, in order, page by page, and rows that are the caller's to keep. */
import { strict as assert } from 'node:assert'
import type { Row } from '../../storage/index.ts'
import type { Case } from '../case.ts'
import { afterApply, finished, LEASE, NOW, removed, rewritten, row, same, sameRows } from '../rows.ts'
import { at, claimOne, eventually, pages, put, settle } from '../steps.ts'

const ids = (rows: readonly Row[]): string[] => rows.map((each) => each.id)

/** Twelve parts in three states, beside rows whose parents look much the same. */
const parts: readonly Row[] = Array.from({ length: 12 }, (_, index) =>
  row(`job/${String(index).padStart(6, '0')}`, { state: ['waiting', 'running', 'completed'][index % 3]! }),
)
const neighbours: readonly Row[] = [row('job'), row('job-1/000001'), row('job0/000001'), row('jo/b'), row('Job/000001')]

export const getFindCases: readonly Case[] = [
  {
    name: 'get answers by position, with undefined where there is no row',
    async run({ storage }) {
      await put(storage, row('a'), row('b'))
      const found = await storage.get(['x', 'b', 'y', 'a', 'b'])
      assert.equal(found.length, 5, `get gave ${found.length} answers to 5 ids`)
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
    name: 'find by parent gives the rows of that parent alone, ordered by id, and not the parent itself',
    async run({ storage, random }) {
      await put(storage, ...random.shuffled([...parts, ...neighbours]))
      sameRows(await pages(storage, { parent: 'job' }, 10), parts, 'find by parent did not give just its rows in order')
      sameRows(await pages(storage, { parent: 'nobody' }, 10), [], 'find by parent found rows of no parent')
    },
  },
  {
    name: 'find by parent goes through pages of any size without losing or repeating a row',
    async run({ storage, random }) {
      await put(storage, ...random.shuffled([...parts, ...neighbours]))
      for (const limit of [1, 2, 3, 5, 10].filter((size) => size <= storage.traits.batchMax)) {
        sameRows(
          await pages(storage, { parent: 'job' }, limit),
          parts,
          `find by parent in pages of ${limit} lost or repeated a row`,
        )
      }
    },
  },
  {
    name: 'MR-01 find by parent keeps to the states that are asked for, in pages too',
    async run({ storage, random }) {
      await put(storage, ...random.shuffled([...parts, ...neighbours]))
      for (const states of [['waiting'], ['waiting', 'running'], ['completed'], ['failed']]) {
        const expected = parts.filter((each) => states.includes(each.state))
        for (const limit of [1, 3, 10]) {
          const complaint = `find by parent with states [${states}] in pages of ${limit} did not give just those rows`
          sameRows(await pages(storage, { parent: 'job', states }, limit), expected, complaint)
        }
      }
    },
  },
  {
    name: 'MR-01 find by parent goes on behind any id that is given as after, also one that is gone',
    async run({ storage }) {
      await put(storage, ...parts)
      const behind = { parent: 'job', after: parts[4]!.id }
      sameRows(
        await pages(storage, behind, 10),
        parts.slice(5),
        'find by parent did not go on with the first id behind after',
      )
      await settle(storage, removed(parts[4]!))
      sameRows(
        await pages(storage, behind, 10),
        parts.slice(5),
        'find by parent lost its place because the id of after was removed',
      )
      const open = { ...behind, states: ['waiting'] }
      const expected = parts.slice(5).filter((each) => each.state === 'waiting')
      sameRows(await pages(storage, open, 1), expected, 'find by parent with states did not go on behind after')
    },
  },
  {
    name: 'find by parent loses no row when rows of an earlier page are removed or change their state',
    async run({ storage }) {
      await put(storage, ...parts)
      const first = await storage.find({ parent: 'job' }, 4)
      assert.ok(first.after !== null || first.rows.length === parts.length, 'find ended before it gave all rows')
      const [gone, ...changed] = first.rows.map((each) =>
        each.id === first.rows[0]!.id ? removed(each) : finished(each),
      )
      await storage.apply([gone!, ...changed])
      const rest = first.after === null ? [] : await pages(storage, { parent: 'job', after: first.after }, 4)
      const complaint = 'find by parent lost or repeated rows because others changed between its pages'
      assert.deepEqual(ids([...first.rows, ...rest]), ids(parts), complaint)
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
    name: 'find by names gives the rows of those names, ordered by id, without losing or repeating one',
    async run({ storage, random }) {
      const rows = ['b/2', 'a', 'b', 'b-1', 'B', 'c/1', 'c', 'd', 'e', 'f'].map((id, index) =>
        row(id, { name: ['a', 'b', 'A'][index % 3]!, state: index % 2 ? 'running' : 'waiting' }),
      )
      await put(storage, ...random.shuffled(rows))
      const expected = (names: string[], states = ['waiting', 'running']) =>
        rows
          .filter((each) => names.includes(each.name) && states.includes(each.state))
          .sort((one, other) => (one.id < other.id ? -1 : 1))
      await eventually(storage, async () => {
        for (const limit of [1, 3, 10]) {
          const all = await pages(storage, { names: ['b', 'a'] }, limit)
          sameRows(
            all,
            expected(['a', 'b']),
            `find by names in pages of ${limit} did not give just those rows in order`,
          )
          const some = await pages(storage, { names: ['a'], states: ['running'] }, limit)
          sameRows(some, expected(['a'], ['running']), `find by names and states in pages of ${limit} gave other rows`)
        }
        const behind = await pages(storage, { names: ['a', 'b'], after: 'b' }, 10)
        const complaint = 'find by names did not go on with the first id behind after'
        sameRows(
          behind,
          expected(['a', 'b']).filter((each) => each.id > 'b'),
          complaint,
        )
      })
    },
  },
  {
    name: 'find by doneBefore gives rows with doneAt < doneBefore, the earliest first',
    async run({ storage, random }) {
      const done = [5, 90, 100, 1_000].map((doneAt) =>
        row(`done-${doneAt}`, { doneAt, state: 'completed', wakeAt: null }),
      )
      await put(storage, ...random.shuffled([...done, row('open')]))
      await eventually(storage, async () => {
        const at1000 = await storage.find({ doneBefore: 1_000 }, 10)
        sameRows(
          at1000.rows,
          done.slice(0, 3),
          'find by doneBefore did not give the rows that were done before, earliest first',
        )
        const two = await storage.find({ doneBefore: NOW }, 2)
        sameRows(two.rows, done.slice(0, 2), 'find by doneBefore with a limit did not give the earliest rows')
        assert.deepEqual(
          (await storage.find({ doneBefore: 5 }, 10)).rows,
          [],
          'find gave a row with doneAt = doneBefore',
        )
      })
    },
  },
  {
    name: 'find by doneBefore keeps to the names and states that are asked for',
    async run({ storage }) {
      const done = [1, 2, 3, 4].map((n) =>
        row(`r${n}`, { doneAt: n, name: n > 2 ? 'b' : 'a', state: n % 2 ? 'failed' : 'completed', wakeAt: null }),
      )
      await put(storage, ...done)
      await eventually(storage, async () => {
        const named = await storage.find({ doneBefore: 9, names: ['b'] }, 10)
        sameRows(named.rows, done.slice(2), 'find by doneBefore did not keep to the names')
        const failed = await storage.find({ doneBefore: 9, states: ['failed'] }, 10)
        sameRows(failed.rows, [done[0]!, done[2]!], 'find by doneBefore did not keep to the states')
        const both = await storage.find({ doneBefore: 9, states: ['failed'], names: ['b', 'c'] }, 1)
        sameRows(both.rows, [done[2]!], 'find by doneBefore did not keep to names and states together')
      })
    },
  },
  {
    name: 'LD-05 CR-10 removing what find by doneBefore gives comes to an end with nothing left behind',
    async run({ storage }) {
      const done = Array.from({ length: 23 }, (_, n) =>
        row(`r${n}`, { doneAt: 100 + (n % 3), state: 'completed', wakeAt: null }),
      )
      await put(storage, ...done, row('open'))
      const swept = new Set<string>()
      for (let round = 0; round < 200 && swept.size < done.length; round++) {
        const { rows } = await storage.find({ doneBefore: NOW }, 5)
        for (const each of rows) swept.add(each.id)
        await storage.apply(rows.map(removed))
      }
      assert.equal(swept.size, done.length, `a sweep by doneBefore found ${swept.size} of ${done.length} finished rows`)
      const left = (await storage.get(['r0', 'r1', 'r2', 'open'])).filter((each) => each !== undefined)
      assert.deepEqual(ids(left), ['open'], 'a sweep by doneBefore left rows behind, or took one too many')
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
