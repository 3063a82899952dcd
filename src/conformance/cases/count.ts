/** What count promises: numbers by name and state, and an end at upTo. */
import { strict as assert } from 'node:assert'
import type { Count, CountBy, Storage } from '../../storage/index.ts'
import type { Case } from '../case.ts'
import { finished, removed, row } from '../rows.ts'
import { claimAll, eventually, put, settle } from '../steps.ts'

const rows = [
  row('a1', { name: 'a' }),
  row('a2', { name: 'a' }),
  row('a3', { name: 'a', state: 'completed' }),
  row('b', { name: 'b', state: 'mapping' }),
  row('b/1', { name: 'b' }),
  row('b/2', { name: 'b', state: 'completed' }),
  row('b/3', { name: 'c', state: 'completed' }),
  row('bb/1', { name: 'c' }),
]

/** Compares whole answers; numbers of zero are left out of both. */
async function counts(storage: Storage, by: CountBy, expected: Count['counts'], complaint: string): Promise<void> {
  await eventually(storage, async () => {
    const found = await storage.count(by)
    const plain = JSON.parse(JSON.stringify(found.counts)) as unknown
    assert.deepEqual(
      plain,
      expected,
      `${complaint}: ${JSON.stringify(found.counts)} in place of ${JSON.stringify(expected)}`,
    )
    assert.equal(found.capped, false, `${complaint}: capped, although fewer rows than upTo were there`)
  })
}

const total = ({ counts: byName }: Count): number =>
  Object.values(byName)
    .flatMap((byState) => Object.values(byState))
    .reduce((sum, each) => sum + each, 0)

export const countCases: readonly Case[] = [
  {
    name: 'count counts all rows by name and by state, and leaves out what has none',
    async run({ storage }) {
      await counts(storage, { upTo: 100 }, {}, 'count of an empty storage is not empty')
      await put(storage, ...rows)
      const expected = {
        a: { waiting: 2, completed: 1 },
        b: { mapping: 1, waiting: 1, completed: 1 },
        c: { completed: 1, waiting: 1 },
      }
      await counts(storage, { upTo: 100 }, expected, 'count did not count all rows')
    },
  },
  {
    name: 'count keeps to the names, the parent and the states that are asked for',
    async run({ storage }) {
      await put(storage, ...rows)
      const named = { a: { waiting: 2, completed: 1 }, c: { completed: 1, waiting: 1 } }
      await counts(storage, { names: ['c', 'a', 'x'], upTo: 100 }, named, 'count did not keep to the names')
      await counts(
        storage,
        { parent: 'b', upTo: 100 },
        { b: { waiting: 1, completed: 1 }, c: { completed: 1 } },
        'count of a parent',
      )
      await counts(
        storage,
        { parent: 'b', states: ['completed'], upTo: 100 },
        { b: { completed: 1 }, c: { completed: 1 } },
        'count of a parent by state',
      )
      await counts(
        storage,
        { states: ['mapping', 'failed'], upTo: 100 },
        { b: { mapping: 1 } },
        'count did not keep to the states',
      )
      await counts(
        storage,
        { names: ['a'], states: ['completed'], upTo: 100 },
        { a: { completed: 1 } },
        'count by names and states',
      )
      await counts(storage, { parent: 'nobody', upTo: 100 }, {}, 'count of a parent without rows is not empty')
    },
  },
  {
    name: 'count follows claims, applies and removals',
    async run({ storage }) {
      await put(storage, row('x'), row('y'), row('z'))
      const [one, other] = await claimAll(storage, 2, { limit: 2 })
      await counts(storage, { upTo: 100 }, { resize: { running: 2, waiting: 1 } }, 'count did not follow a claim')
      await settle(storage, finished(one!))
      await settle(storage, removed(other!))
      await counts(storage, { upTo: 100 }, { resize: { completed: 1, waiting: 1 } }, 'count did not follow an apply')
    },
  },
  {
    name: 'count stops at upTo and says so, with numbers that are lower bounds',
    async run({ storage }) {
      await put(storage, ...rows)
      await eventually(storage, async () => {
        for (const upTo of [1, 3, 7]) {
          const found = await storage.count({ upTo })
          assert.equal(
            found.capped,
            true,
            `count stopped at ${upTo} of ${rows.length} rows and did not say that it is capped`,
          )
          assert.equal(total(found), upTo, `count with upTo ${upTo} counted ${total(found)} rows`)
        }
        const parent = await storage.count({ parent: 'b', upTo: 2 })
        assert.deepEqual(
          [parent.capped, total(parent)],
          [true, 2],
          'count of a parent did not stop at upTo, or did not say so',
        )
        assert.equal(
          total(await storage.count({ upTo: 8 })),
          8,
          'count with upTo at the number of rows did not count them all',
        )
      })
    },
  },
  {
    name: 'PL-04 count takes the name __proto__ and the state constructor for plain words',
    async run({ storage }) {
      await put(storage, row('a', { name: '__proto__' }), row('b', { name: 'toString', state: 'constructor' }))
      await eventually(storage, async () => {
        const found = await storage.count({ upTo: 100 })
        assert.deepEqual(cleansed(), [], 'count wrote into the prototype of all objects, because a name is __proto__')
        const numbers = Object.entries(found.counts).map(([name, states]) => [name, Object.entries(states)])
        const expected = [
          ['__proto__', [['waiting', 1]]],
          ['toString', [['constructor', 1]]],
        ]
        assert.deepEqual(
          numbers.sort(),
          expected,
          `count lost a row whose name is __proto__: ${JSON.stringify(numbers)}`,
        )
      })
    },
  },
]

/** What the adapter left in the prototype of all objects; taken away, so that it spoils no later case. */
function cleansed(): string[] {
  const strays = Object.keys(Object.prototype)
  for (const stray of strays) Reflect.deleteProperty(Object.prototype, stray)
  return strays
}
