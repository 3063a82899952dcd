/** Which rows a claim takes, and how many: names, limits, and no row that is not due. */
import { strict as assert } from 'node:assert'
import type { Row } from '../../storage/index.ts'
import type { Case } from '../case.ts'
import { finished, LEASE, NOW, removed, row, same } from '../rows.ts'
import { at, claim, claimAll, put, settle } from '../steps.ts'

const ids = (rows: readonly Row[]): string[] => rows.map((each) => each.id).sort()

export const claimLimitCases: readonly Case[] = [
  {
    name: 'claim never hands out a row without a wake time',
    async run({ storage }) {
      await put(storage, row('never', { wakeAt: null }))
      const far = await claim(storage, { now: NOW + 1e12 })
      assert.deepEqual(ids(far), [], 'claim handed out a row whose wakeAt is null')
    },
  },
  {
    name: 'claim hands out no row that is finished or removed',
    async run({ storage }) {
      await put(storage, row('done'), row('gone'))
      for (const each of await claimAll(storage, 2)) {
        await settle(storage, each.id === 'done' ? finished(each) : removed(each))
      }
      const late = await claim(storage, { now: NOW + 10 * LEASE, holder: 'w#2' })
      assert.deepEqual(ids(late), [], 'claim handed out a row that was finished or removed')
    },
  },
  {
    name: 'P-ISOLATE claim takes rows of the wanted names only, byte by byte',
    async run({ storage }) {
      const names = ['resize', 'resize2', 'Resize', 'resiz', 're%', 'r_size', 'resize ']
      await put(storage, ...names.map((name, index) => row(`r${index}`, { name })))
      const mine = await claimAll(storage, 1)
      assert.deepEqual(ids(mine), ['r0'], 'claim handed out a row of a name that was not wanted')
      const wild = await claimAll(storage, 1, { wants: [{ name: 're%', limit: 5 }], holder: 'w#2' })
      assert.deepEqual(ids(wild), ['r4'], 'claim read a name as a pattern')
    },
  },
  {
    name: 'claim keeps the limit of every name, and a name at its limit holds up no other',
    async run({ storage }) {
      const rows = ['a', 'b', 'c'].flatMap((name) => [1, 2, 3].map((n) => row(`${name}${n}`, { name, priority: n })))
      await put(storage, ...rows)
      const wants = [
        { name: 'a', limit: 1 },
        { name: 'b', limit: 3 },
        { name: 'c', limit: 2 },
      ]
      const got = await claimAll(storage, 6, { wants })
      for (const { name, limit } of wants) {
        const count = got.filter((each) => each.name === name).length
        assert.equal(count, limit, `claim handed out ${count} rows of a name whose limit is ${limit}`)
      }
    },
  },
  {
    name: 'LD-04 claim never hands out more than the whole limit, whatever the names allow',
    async run({ storage }) {
      await put(storage, ...['a', 'b'].flatMap((name) => [1, 2, 3].map((n) => row(`${name}${n}`, { name }))))
      const wants = ['a', 'b'].map((name) => ({ name, limit: 3 }))
      const first = await claimAll(storage, 4, { wants, limit: 4 })
      const rest = await claimAll(storage, 2, { wants, limit: 4, holder: 'w#2' })
      assert.equal(
        new Set([...first, ...rest].map((each) => each.id)).size,
        6,
        'claim lost or repeated a row at its limit',
      )
    },
  },
  {
    name: 'claim takes no more rows than it hands out',
    async run({ storage }) {
      await put(storage, ...[1, 2, 3, 4, 5].map((n) => row(`r${n}`)))
      const got = await claimAll(storage, 2, { limit: 2 })
      const untouched = (await storage.get(['r1', 'r2', 'r3', 'r4', 'r5'])).filter((each) => each?.rev === NOW)
      assert.equal(
        untouched.length,
        3,
        'claim changed rows that it did not hand out: they wait for a lease that nobody holds',
      )
      for (const each of got) same(await at(storage, each.id), each, 'claim handed out a row that is stored otherwise')
    },
  },
  {
    name: 'claim with nothing due answers an empty list',
    async run({ storage }) {
      assert.deepEqual(await claim(storage), [], 'claim on an empty storage did not answer an empty list')
      await put(storage, row('later', { wakeAt: NOW + 1 }), row('other', { name: 'other' }))
      assert.deepEqual(ids(await claim(storage)), [], 'claim with nothing due did not answer an empty list')
    },
  },
]
