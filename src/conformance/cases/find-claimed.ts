/** find by claimedBy: what is left of a claim whose answer was lost. */
import { strict as assert } from 'node:assert'
import type { FindBy, Row, Storage } from '../../storage/index.ts'
import type { Case } from '../case.ts'
import { finished, LEASE, NAME, NOW, removed, row, sameRows } from '../rows.ts'
import { claimOne, eventually, put } from '../steps.ts'

const until = NOW + LEASE
const byId = (one: Row, other: Row): number => (one.id < other.id ? -1 : 1)

/** A row as a claim by `w#1` leaves it. */
function held(id: string, fields: Partial<Row> = {}): Row {
  return row(id, { state: 'running', wakeAt: until, tries: 1, holder: 'w#1', ...fields })
}

function leftOf(holder: string, names: readonly string[] = [NAME], at = until): FindBy {
  return { claimedBy: holder, until: at, names }
}

/** The answer may come late, and in any order. */
async function gives(storage: Storage, by: FindBy, expected: readonly Row[], complaint: string): Promise<void> {
  await eventually(storage, async () => {
    const { rows, after } = await storage.find(by, storage.traits.batchMax)
    sameRows([...rows].sort(byId), [...expected].sort(byId), complaint)
    assert.equal(after, null, 'find by claimedBy gave an after')
  })
}

export const findClaimedCases: readonly Case[] = [
  {
    name: 'DB-01 find by claimedBy gives what a claim took, of every priority and state, and nothing that others hold',
    async run({ storage, random }) {
      const mine = [
        held('a', { priority: 0 }),
        held('b', { priority: 9, key: 'k', tries: 7 }),
        held('c', { state: 'mapping' }),
        held('d/1', { priority: 3, parent: 'd' }),
      ]
      const near = ['w#10', 'w#', 'W#1', null].map((holder, n) => held(`near-${n}`, { holder }))
      await put(storage, ...random.shuffled([...mine, ...near, row('free')]))
      await gives(storage, leftOf('w#1'), mine, 'find by claimedBy did not give just the rows with this holder')
      await gives(
        storage,
        leftOf('w#10'),
        [near[0]!],
        'find by claimedBy did not tell two holders of one instant apart',
      )
      const only = await claimOne(storage, { until: until + 7 })
      const { holder, wakeAt } = only
      await gives(storage, leftOf(holder!, [NAME], wakeAt!), [only], 'find by claimedBy did not give what a claim took')
    },
  },
  {
    name: 'find by claimedBy keeps to the names that are asked for, and to the end of the lease to the millisecond',
    async run({ storage }) {
      const [a, b, c] = [held('a'), held('b', { name: 'other' }), held('c', { name: 'third', priority: 1 })]
      // Earlier and later ones lie around them in the order of claims.
      const around = [until - 1, until + 1].flatMap((wakeAt) => [0, 5, 9].map((priority) => ({ wakeAt, priority })))
      await put(storage, a, b, c, ...around.map((fields, n) => held(`around-${n}`, fields)))
      const complaint = 'find by claimedBy did not keep to the names and the instant'
      await gives(storage, leftOf('w#1', ['third', NAME]), [a, c], complaint)
      await gives(storage, leftOf('w#1', ['other', 'none', 'other']), [b], complaint)
      await gives(storage, leftOf('w#1', []), [], complaint)
      await gives(storage, leftOf('w#1', ['other'], until + 1), [], complaint)
    },
  },
  {
    name: 'find by claimedBy gives no row that was extended, settled, removed or claimed again a moment ago',
    async run({ storage }) {
      const rows = ['extended', 'settled', 'removed', 'claimed'].map((id) => held(id))
      const [extended, settled, gone] = rows
      await put(storage, ...rows)
      const expected = new Set(rows)
      await gives(storage, leftOf('w#1'), rows, 'find by claimedBy did not give the rows of the claim')
      const check = async (written: Row) => {
        expected.delete(written)
        const { rows: found } = await storage.find(leftOf('w#1'), 10)
        assert.ok(
          found.every(({ id }) => id !== written.id),
          `find by claimedBy gave a row right after it was ${written.id}`,
        )
        await gives(storage, leftOf('w#1'), [...expected], `find by claimedBy is wrong once a row was ${written.id}`)
      }
      await storage.extend([extended!], until + 1)
      await check(extended!)
      await storage.apply([finished(settled!)])
      await check(settled!)
      await storage.apply([removed(gone!)])
      await check(gone!)
      await claimOne(storage, { now: until, holder: 'w#2' })
      await check(rows[3]!)
    },
  },
  {
    name: 'find by claimedBy keeps its limit, and comes to an end when what it gives is settled',
    async run({ storage }) {
      await put(storage, ...Array.from({ length: 10 }, (_, n) => held(`r${n}`, { priority: n })))
      const given = new Set<string>()
      for (let round = 0; round < 200 && given.size < 10; round++) {
        const { rows } = await storage.find(leftOf('w#1'), 3)
        assert.ok(rows.length <= 3, `find by claimedBy gave ${rows.length} rows where at most 3 were asked for`)
        for (const each of rows) given.add(each.id)
        await storage.apply(rows.map((each) => finished(each)))
      }
      assert.equal(given.size, 10, `find by claimedBy gave ${given.size} of the 10 rows of a claim`)
      await gives(storage, leftOf('w#1'), [], 'find by claimedBy gave a row that was settled')
    },
  },
]
