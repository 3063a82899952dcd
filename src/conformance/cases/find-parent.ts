/** find by parent: all parts, in order, page by page, whatever happens between the pages. */
import { strict as assert } from 'node:assert'
import type { Row } from '../../storage/index.ts'
import type { Case } from '../case.ts'
import { finished, removed, row, sameRows } from '../rows.ts'
import { pages, put, settle } from '../steps.ts'

const ids = (rows: readonly Row[]): string[] => rows.map((each) => each.id)

/** Twelve parts in three states, beside rows whose parents look much the same. */
const parts: readonly Row[] = Array.from({ length: 12 }, (_, index) =>
  row(`job/${String(index).padStart(6, '0')}`, { state: ['waiting', 'running', 'completed'][index % 3]! }),
)

const neighbours: readonly Row[] = [row('job'), row('job-1/000001'), row('job0/000001'), row('jo/b'), row('Job/000001')]

export const findParentCases: readonly Case[] = [
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
]
