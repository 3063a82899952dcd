/** The order of a claim: priority, wakeAt, tries, id, each as it was before the claim. */
import { strict as assert } from 'node:assert'
import type { Row } from '../../storage/index.ts'
import type { Bench, Case } from '../case.ts'
import { LEASE, NOW, row } from '../rows.ts'
import { claim, claimAll, put } from '../steps.ts'
import type { Subject } from '../subject.ts'

const unless = ({ storage }: Subject): string | undefined =>
  storage.traits.order === 'close' ? "the storage declares order 'close': a row may be overtaken" : undefined

/** Stores the rows in shuffled order; then all at once, or two at a time, must come in the order given. */
async function inThisOrder({ storage, random }: Bench, rows: readonly Row[], why: string, now = NOW): Promise<void> {
  await put(storage, ...random.shuffled(rows))
  const wants = [...new Set(rows.map((each) => each.name))].map((name) => ({ name, limit: 10 }))
  const expected = rows.map((each) => each.id)
  const got: string[] = []
  for (let round = 0; got.length < rows.length; round++) {
    const part = await claim(storage, { wants, limit: round === 0 ? 2 : 10, now, holder: `w#${round}` })
    assert.ok(part.length > 0, `claim came up empty with ${rows.length - got.length} rows due`)
    got.push(...part.map((each) => each.id))
  }
  assert.deepEqual(got, expected, `claim handed out [${got}] in place of [${expected}]: ${why}`)
}

export const claimOrderCases: readonly Case[] = [
  {
    name: 'claim takes priority 0 first and 9 last',
    unless,
    run: (bench) =>
      inThisOrder(
        bench,
        [0, 1, 2, 5, 8, 9].map((priority) => row(`${9 - priority}`, { priority, wakeAt: NOW - priority })),
        'it does not go by priority first',
      ),
  },
  {
    name: 'within a priority claim takes the earliest wakeAt first, as a number',
    unless,
    run: (bench) =>
      inThisOrder(
        bench,
        [9, 10, 999_999_999_999, NOW - 1, NOW].map((wakeAt, index) =>
          row(`${9 - index}`, { wakeAt, tries: 9 - index }),
        ),
        'it does not go by wakeAt, or compares it as text',
      ),
  },
  {
    name: 'within a wakeAt claim takes the fewest tries first, as a number',
    unless,
    run: (bench) =>
      inThisOrder(
        bench,
        [0, 1, 2, 9, 10, 100].map((tries, index) => row(`${9 - index}`, { tries })),
        'it does not go by tries, or compares them as text',
      ),
  },
  {
    name: 'PL-09 with all else equal claim goes by id, byte by byte',
    unless,
    run: (bench) =>
      inThisOrder(
        bench,
        ['!', '-', '10', '9', 'A', 'B-1', 'B_1', '_', 'a', '~'].map((id) => row(id)),
        'it does not compare ids byte by byte (a collation of the database, or the order of insertion)',
      ),
  },
  {
    name: 'claim keeps its order over all names together',
    unless,
    run: (bench) =>
      inThisOrder(
        bench,
        [
          row('z', { name: 'b', priority: 0 }),
          row('y', { name: 'a', priority: 1, wakeAt: NOW - 2 }),
          row('x', { name: 'c', priority: 1, wakeAt: NOW - 1 }),
          row('a', { name: 'b', priority: 1, wakeAt: NOW - 1, tries: 1 }),
          row('w', { name: 'a', priority: 3 }),
        ],
        'it goes name by name',
      ),
  },
  {
    name: 'P-ORDER a claim that cannot take all takes the first in order, of each name and of the whole',
    unless,
    async run({ storage }) {
      const rows = ['a', 'b'].flatMap((name) => [1, 2, 3, 4].map((n) => row(`${name}${n}`, { name, priority: n })))
      await put(storage, ...[...rows].reverse())
      const wants = [
        { name: 'a', limit: 3 },
        { name: 'b', limit: 1 },
      ]
      const got = await claim(storage, { wants, limit: 3 })
      const ids = got.map((each) => each.id)
      assert.deepEqual(
        ids,
        ['a1', 'b1', 'a2'],
        `claim took [${ids}]: a row that is not first in order overtook another`,
      )
    },
  },
  {
    name: 'LD-02 claim puts lapsed leases in order by the wakeAt and tries that they had before it',
    unless,
    async run({ storage }) {
      await put(storage, row('a'), row('b'))
      await claimAll(storage, 2, { until: NOW + 100 })
      await put(
        storage,
        row('c', { wakeAt: NOW + 50 }),
        row('d', { wakeAt: NOW + 100 }),
        row('e', { wakeAt: NOW + 101 }),
      )
      const got = (await claim(storage, { now: NOW + LEASE, holder: 'w#2' })).map((each) => each.id)
      assert.deepEqual(got, ['c', 'd', 'a', 'b', 'e'], `claim handed out [${got}] in place of [c,d,a,b,e]`)
    },
  },
  {
    name: 'rows of the future, however many and however urgent, hide no due row',
    unless,
    async run({ storage }) {
      const future = Array.from({ length: 60 }, (_, index) => row(`future-${index}`, { priority: 0, wakeAt: NOW + 1 }))
      await put(storage, ...future, row('due', { priority: 9 }))
      const got = (await claim(storage, { limit: 1 })).map((each) => each.id)
      assert.deepEqual(got, ['due'], 'claim did not find a due row behind rows that are not due')
    },
  },
]
