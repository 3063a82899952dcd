/** A claim and a look for an open part beside millions of rows that are none of their business: EXPLAIN counts the rows. */
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { claimStatements } from '../../adapters/postgres/claim.ts'
import { byClaim, byParent } from '../../adapters/postgres/find.ts'
import { postgres } from '../../adapters/postgres/index.ts'
import { namesFor } from '../../adapters/postgres/names.ts'
import { withServer } from '../servers/with-server.ts'

const NOW = 1_700_000_000_000
const table = namesFor('millions')
const statement = claimStatements(table)

/** `[id's beginning, rows, name, state, priority, wake_at, done_at, tries, parent]`, with SQL over `value`, 1 to rows. */
type Crowd = readonly [string, number, string, string, number, string, string, number, string]

const crowd: readonly Crowd[] = [
  ['finished', 1_000_000, 'mine', 'completed', 5, 'null', `${NOW - 2_000_000} + value`, 1, 'null'],
  ['future', 1_000_000, 'mine', 'waiting', 0, `${NOW} + value`, 'null', 0, 'null'],
  ['retry', 100_000, 'mine', 'waiting', 5, `${NOW} + value`, 'null', 1, 'null'],
  ['foreign', 500_000, 'theirs', 'waiting', 5, `${NOW - 2_000_000} + value`, 'null', 0, 'null'],
  ['urgent', 500_000, 'theirs', 'waiting', 0, `${NOW - 2_000_000} + value`, 'null', 0, 'null'],
  ['job/', 100_000, 'mine', 'completed', 5, 'null', 'null', 1, `'job'`],
  ['due', 1_000, 'mine', 'waiting', 5, `${NOW - 5_000} + value`, 'null', 0, 'null'],
  ['job/z', 1, 'mine', 'waiting', 5, `${NOW} + 1`, 'null', 0, `'job'`],
]

/** A node of a plan, as `explain (format json)` gives it. */
interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Rows Removed by Index Recheck'?: number
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
  readonly Plans?: readonly Plan[]
}

function nodesOf(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
}

await withServer('postgres', (server) => {
  const pool = new Pool({ connectionString: server.url, max: 1 })
  pool.on('error', () => {})

  beforeAll(async () => {
    const storage = postgres(pool, { schema: 'millions' })
    await storage.get(['none'])
    const { rows: indexes } = await pool.query<{ indexname: string; indexdef: string }>(
      `select indexname, indexdef from pg_indexes where schemaname = 'millions' and indexdef not like '%_pkey%'
        and tablename = (select relname from pg_class where oid = '${table.row}'::regclass)`,
    )
    // Filling an index row by row takes several times as long as making it afterwards.
    for (const { indexname } of indexes) await pool.query(`drop index millions."${indexname}"`)
    for (const [prefix, rows, name, state, priority, wakeAt, doneAt, tries, parent] of crowd) {
      await pool.query(`insert into ${table.row} (id, name, state, priority, wake_at, rev, tries, parent, done_at, input, memo)
        select '${prefix}' || to_char(value, 'FM00000000'), '${name}', '${state}', ${priority}, ${wakeAt}, 1, ${tries},
          ${parent}, ${doneAt}, 'null', '{}' from generate_series(1, ${rows}) value`)
    }
    for (const { indexdef } of indexes) await pool.query(indexdef)
    await pool.query(`vacuum analyze ${table.row}`)
    await storage.close()
  }, 240_000)
  afterAll(() => pool.end())

  /** Runs a statement, takes it back, and answers what it touched. */
  async function touched(
    text: string,
    values: readonly unknown[],
  ): Promise<{ plan: Plan[]; rows: number; blocks: number }> {
    const client = await pool.connect()
    try {
      await client.query('begin')
      const { rows } = await client.query(`explain (analyze, buffers, format json) ${text}`, [...values])
      await client.query('rollback')
      const [explained] = rows[0]['QUERY PLAN']
      // Compiled anew at each call, a statement that takes a millisecond takes thirty.
      expect(explained.JIT).toBeUndefined()
      const plan = nodesOf(explained.Plan)
      const read = plan
        .filter((node) => node['Relation Name'] !== undefined && node['Node Type'].includes('Scan'))
        .map((node) => {
          const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)
          return (node['Actual Rows'] + removed) * node['Actual Loops']
        })
      const [root] = plan
      const blocks = (root?.['Shared Hit Blocks'] ?? 0) + (root?.['Shared Read Blocks'] ?? 0)
      return { plan, rows: read.reduce((sum, count) => sum + count, 0), blocks }
    } finally {
      client.release()
    }
  }

  describe('beside 3,200,000 rows of others', () => {
    const names = { one: ['mine'], several: ['mine', 'none'] }
    const claims = (['one', 'several'] as const).flatMap((how) => [10, 100, 500].map((limit) => ({ how, limit })))
    const claim = (how: keyof typeof names, limit: number, now: number) =>
      statement({ wants: names[how].map((name) => ({ name, limit })), limit, holder: 'w#1', now, until: NOW + 30_000 })

    test.each(claims)(
      'DB-30 a claim of $limit of $how goes by the index and touches rows in proportion to its limit',
      async ({ how, limit }) => {
        const { text, values } = claim(how, limit, NOW)
        const { plan, rows, blocks } = await touched(text, values)
        console.log(`claim of ${limit} of ${how}: ${rows} rows and ${blocks} blocks touched`)
        expect(plan.map((node) => node['Node Type'])).not.toContain('Seq Scan')
        // Seen, locked and changed: three times each, and a few steps for lanes with nothing in them.
        expect(rows).toBeLessThanOrEqual(3 * limit + 20)
        expect(blocks).toBeLessThanOrEqual(25 * limit + 200)
      },
    )

    test.each(['one', 'several'] as const)('DB-30 a claim of %s that finds nothing due touches no row', async (how) => {
      const { text, values } = claim(how, 100, 1)
      const { plan, rows, blocks } = await touched(text, values)
      expect(plan.map((node) => node['Node Type'])).not.toContain('Seq Scan')
      expect(rows).toBe(0)
      expect(blocks).toBeLessThanOrEqual(100)
    })

    test('DB-30 what is left of a claim is found by the index, whatever else wakes', async () => {
      const by = { claimedBy: 'w#1', until: NOW + 500, names: ['mine', 'theirs', 'none'] }
      const { text, values } = byClaim(table, by, 500)
      const { plan, rows, blocks } = await touched(text, values)
      console.log(`what is left of a claim: ${rows} rows and ${blocks} blocks touched`)
      expect(plan.map((node) => node['Node Type'])).not.toContain('Seq Scan')
      // One row of the future and one to be tried again wake at that very instant.
      expect(rows).toBeLessThanOrEqual(2)
      expect(blocks).toBeLessThanOrEqual(200)
    })

    test.each([
      ['open ones', ['held', 'waiting', 'running']],
      ['any', undefined],
    ])('the first part of a job of 100,001 (%s) is found by the index in a few steps', async (_, states) => {
      const { text, values } = byParent(table, 'job', states, '', 1)
      const { plan, rows, blocks } = await touched(text, values)
      console.log(`the first part: ${rows} rows and ${blocks} blocks touched`)
      expect(plan.map((node) => node['Node Type'])).not.toContain('Seq Scan')
      expect(rows).toBeLessThanOrEqual(10)
      expect(blocks).toBeLessThanOrEqual(60)
    })
  })
})
