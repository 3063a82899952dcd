/** A table of a million rows: what is chosen and what is taken back is found by the indexes of `statements()`. */
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PgPool, postgresTable } from '../../adapters/postgres/index.ts'
import { withServer } from '../servers/with-server.ts'
import { columns } from './pages.ts'
import { ownSchema } from './postgres-schema.ts'

const rows = 1_000_000
const free = 'webpage_scrape_reservation_id_free'
const held = 'webpage_scrape_reservation_id_held'

/** A node of a plan, as `explain (format json)` gives it. */
interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
  readonly Plans?: readonly Plan[]
}

function nodesOf(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
}

await withServer('postgres', async (server) => {
  const schema = await ownSchema(server.url)
  const pool = new Pool({ connectionString: schema.url, max: 1 })
  pool.on('error', () => {})
  const options = { ...columns, table: 'webpage', where: { sql: 'country = any($1)', values: [['GR', 'DE']] } }
  const source = postgresTable(pool, options)
  afterAll(async () => {
    await pool.end()
    await schema.drop()
  })

  /** What the source says to the server, word for word, as it is said. */
  const said: { readonly text: string; readonly values: unknown[] }[] = []
  const heard = new Proxy(pool as PgPool, {
    get(target, name) {
      if (name !== 'connect') return Reflect.get(target, name)
      return async () => {
        const client = await target.connect()
        return new Proxy(client, {
          get(of, method) {
            const own: unknown = Reflect.get(of, method)
            if (typeof own !== 'function') return own
            return (...given: unknown[]) => {
              if (method === 'query') said.push(given[0] as (typeof said)[number])
              return own.apply(of, given)
            }
          },
        })
      }
    },
  })
  const listened = postgresTable(heard, options)

  /** The plan of what a call says, with what it did; nothing of it stays. */
  async function planOf(call: () => unknown): Promise<Plan[]> {
    await listened.open()
    said.length = 0
    // The pool has one connection.
    await pool.query('begin')
    await call()
    await pool.query('rollback; begin')
    expect(said).toHaveLength(1)
    const { rows: answer } = await pool.query(
      `explain (analyze, buffers, format json) ${said[0]?.text}`,
      said[0]?.values,
    )
    await pool.query('rollback')
    return nodesOf(answer[0]['QUERY PLAN'][0].Plan)
  }

  // The heap under a bitmap of an index is not named once more.
  const readsOf = (plan: readonly Plan[]) =>
    plan.filter((node) => node['Index Name'] ?? (node['Node Type'] === 'Seq Scan' ? node['Relation Name'] : undefined))
  const indexOf = (node: Plan) => node['Index Name'] ?? node['Relation Name']
  /** How many rows were looked at, and how many pages. */
  const lookedAt = (plan: readonly Plan[]) =>
    readsOf(plan).reduce((sum, node) => {
      return sum + (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
    }, 0)
  const pages = ([top]: readonly Plan[]) => Number(top?.['Shared Hit Blocks']) + Number(top?.['Shared Read Blocks'])
  const indexes = (plan: readonly Plan[]) => [...new Set(readsOf(plan).map(indexOf))].sort()

  beforeAll(async () => {
    await pool.query(`create table webpage (id bigint not null, url text not null, country text not null, note text)
`)
    const statements = source.statements()
    for (const text of statements.filter((each) => each.startsWith('alter'))) await pool.query(text)
    // Four of five are done; of the rest some are worn out, and a few hundred are at work, most of them in time.
    await pool.query(
      `insert into webpage select v, '/page/' || v, case when v % 10 = 0 then 'FR' else 'GR' end, repeat('x', 60),
        case when v <= 800000 or v > 999000 then 'w:1#' || v end,
        case when v <= 800000 or v > 999000 then now() - interval '1 minute' * case when v % 100 = 0 then 60 else 1 end end,
        case when v <= 800000 then 1 when v % 50 = 0 then 5 when v > 999500 then 1 end,
        case when v <= 800000 or v > 999500
          then now() - interval '1 minute' * case when v % 100 = 0 then 50 else 1 end end,
        case when v <= 800000 then now() end, case when v <= 800000 then true end, null
       from generate_series(1, $1) v`,
      [rows],
    )
    await pool.query('alter table webpage add primary key (id)')
    for (const text of statements.filter((each) => each.startsWith('create'))) await pool.query(text)
    await pool.query('analyze webpage')
  })

  test('P13 RS-03 what is due is read from its index, no further than to what is taken', async () => {
    const tokens = Array.from({ length: 100 }, (_, index) => `w:2#${index}`)
    const plan = await planOf(() => listened.reserve({ tokens, maxTries: 5 }))
    expect(indexes(plan)).toEqual(['webpage_pkey', free])
    expect(lookedAt(plan)).toBeLessThan(250)
    expect(pages(plan)).toBeLessThan(2_500)
  })

  test('P14 what is over its time is read from the index of what is held, and nothing that is in time', async () => {
    const limits = { startWithinMs: 15 * 60_000, maxDurationMs: 15 * 60_000, limit: 1_000 }
    const plan = await planOf(() => listened.lapsed(limits))
    expect(indexes(plan)).toEqual([held])
    expect(lookedAt(plan)).toBe(10)
    expect((await source.lapsed(limits)).length).toBe(10)
    expect(pages(plan)).toBeLessThan(100)
  })

  test('what is held by one worker is found among what is held', async () => {
    const plan = await planOf(() => listened.held({ prefix: 'w:1#99900', limit: 100 }))
    expect(indexes(plan)).toEqual([held])
    // And a few that the reservations before left dead.
    expect(lookedAt(plan)).toBeLessThan(2_000)
  })

  describe('a row is found by its key, also where the statistics are from before anything was held, or free', () => {
    const table = (name: string) => postgresTable(heard, { ...columns, table: name })
    const [held, free] = [table('held'), table('free')]
    const ids = (count: number) => Array.from({ length: count }, (_, index) => String(50_000 + index))
    const write = (id: string) => ({ id, token: `w:1#${id}`, on: 'active', move: 'start', maxTries: 5 }) as const

    beforeAll(async () => {
      const ended = 'scrape_end_time = now()'
      const active = `scrape_reservation_id = 'w:1#' || id, scrape_reservation_time = now()`
      for (const [name, source, before, now] of [
        ['held', held, 'scrape_end_time = null', active],
        ['free', free, ended, 'scrape_end_time = null'],
      ] as const) {
        await pool.query(`create table ${name} (id bigint primary key) with (autovacuum_enabled = false);
          insert into ${name} select generate_series(1, 60000)`)
        for (const text of source.statements()) await pool.query(text)
        await pool.query(`update ${name} set ${before}; analyze ${name}; update ${name} set ${now}`)
        await source.open()
      }
    })

    test.each([
      { what: 'to write it', source: 'held', count: 1, call: () => held.write(ids(1).map(write)) },
      { what: 'to write it', source: 'held', count: 1_000, call: () => held.write(ids(1_000).map(write)) },
      { what: 'to look at it', source: 'held', count: 20, call: () => held.look(ids(20)) },
      {
        what: 'to reserve what the app chose',
        source: 'free',
        count: 20,
        call: () => free.reserve({ tokens: ids(20), ids: ids(20), maxTries: 5 }),
      },
    ])('$what: $count', async ({ source, count, call }) => {
      const plan = await planOf(call)
      expect(indexes(plan)).toEqual([`${source}_pkey`])
      expect(lookedAt(plan)).toBeLessThanOrEqual(2 * count)
    })
  })

  test('what a reservation takes', async () => {
    const took: Record<string, string> = {}
    for (const count of [1, 10, 100, 1_000]) {
      const calls = Math.min(50, 2_000 / count)
      const began = performance.now()
      for (let call = 0; call < calls; call++) {
        const tokens = Array.from({ length: count }, (_, index) => `w:3#${count}.${call}.${index}`)
        expect(await source.reserve({ tokens, maxTries: 5 })).toHaveLength(count)
      }
      took[`${count} rows`] = `${((performance.now() - began) / calls).toFixed(1)} ms`
    }
    console.log(`a million rows in Postgres, reserved: ${JSON.stringify(took)}`)
  })
})
