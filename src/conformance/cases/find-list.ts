/** find by names and by doneBefore: the questions of operators and of sweeps. */
import { strict as assert } from 'node:assert'
import type { Row } from '../../storage/index.ts'
import type { Case } from '../case.ts'
import { NOW, removed, row, sameRows } from '../rows.ts'
import { eventually, pages, put } from '../steps.ts'

const ids = (rows: readonly Row[]): string[] => rows.map((each) => each.id)

export const findListCases: readonly Case[] = [
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
    name: 'find by names orders ids by their bytes also where one begins another, whichever names they are of',
    async run({ storage, random }) {
      const rows = ['a', 'a b', 'a!', 'a-1', 'a/1', 'a/1/2', 'a0', 'aa', 'b', 'b/1'].map((id, index) =>
        row(id, { name: index % 2 ? 'one' : 'two' }),
      )
      await put(storage, ...random.shuffled(rows))
      const expected = [...rows].sort((one, other) => (one.id < other.id ? -1 : 1))
      await eventually(storage, async () => {
        for (const limit of [1, 4, 10]) {
          const found = await pages(storage, { names: ['one', 'two'] }, limit)
          sameRows(
            found,
            expected,
            `find by two names in pages of ${limit} did not give their rows in one order of ids`,
          )
        }
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
]
