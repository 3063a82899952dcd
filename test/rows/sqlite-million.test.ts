/** A table of a million rows: what reserves and frees goes by the two indexes, and by no other way. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sqliteTable } from '../../adapters/sqlite/index.ts'
import type { ReservedRow } from '../../src/storage/index.ts'
import { columns } from './pages.ts'
import { watched } from './watched.ts'

const million = 1_000_000
const folder = mkdtempSync(join(tmpdir(), 'piecework-rows-million-'))
const file = join(folder, 'app.db')
const options = { table: 'webpage', ...columns }

/** Nine of ten have ended, a tenth waits, some after a try; a thousand are held, of which some are over their time. */
beforeAll(() => {
  const db = new DatabaseSync(file)
  db.exec('pragma journal_mode = off; pragma synchronous = off')
  db.exec(`create table webpage (id integer primary key, url text not null, country text)`)
  const statements = sqliteTable(db, options).statements()
  const isIndex = (sql: string) => sql.startsWith('create index')
  for (const sql of statements.filter((each) => !isIndex(each))) db.exec(sql)
  db.exec(`insert into webpage (id, url, country, scrape_reservation_id, scrape_reservation_time,
      scrape_reservation_times, scrape_start_time, scrape_end_time)
    with recursive each (n) as (select 1 union all select n + 1 from each where n < ${million})
    select n, '/page/' || n, iif(n % 2, 'GR', 'IT'), iif(held or ended, 'w:' || n % 8 || '#' || n, null),
      iif(held or ended, at, null), n % 3, iif(held and n % 2 or ended, at, null), iif(ended, at, null)
    from (select n, n % 1000 = 1 as held, n % 10 <> 0 and n % 1000 <> 1 as ended,
      strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || (n % 7200) || ' seconds') as at from each)`)
  // Filling an index row by row takes five times as long as making it afterwards.
  for (const sql of statements.filter(isIndex)) db.exec(sql)
  db.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The plans of the statements that `body` asks of the table, without those of a single row by its key. */
function plansOf(body: (source: ReturnType<typeof sqliteTable>) => unknown, where?: string): string[] {
  const db = new DatabaseSync(file)
  const { database, asked } = watched(db)
  const source = sqliteTable(database, { ...options, ...(where && { where: { sql: where } }) })
  source.open()
  asked.clear()
  body(source)
  const plans = [...asked]
    .filter((sql) => sql.includes('"webpage"'))
    .map((sql) =>
      db
        .prepare(`explain query plan ${sql}`)
        .all()
        .map(({ detail }) => String(detail))
        .join('; '),
    )
  db.close()
  return plans.filter((plan) => plan !== 'SEARCH webpage USING INTEGER PRIMARY KEY (rowid=?)')
}

describe('RS-03 in a million rows', () => {
  test('P13 what is reserved is found in the order of the index of what is free', () => {
    const free = 'SEARCH webpage USING INDEX webpage_scrape_reservation_id_free (<expr><?)'
    const reserve = (source: ReturnType<typeof sqliteTable>) => source.reserve({ tokens: ['w#a', 'w#b'], maxTries: 3 })
    expect(new Set(plansOf(reserve))).toEqual(new Set([free]))
    expect(new Set(plansOf(reserve, `country = 'GR'`))).toEqual(new Set([free]))
  })

  test('P14 what is over its time is found by the index of what is held', () => {
    const plans = plansOf((source) => source.lapsed({ startWithinMs: 900_000, maxDurationMs: 900_000, limit: 1000 }))
    const held = 'SEARCH webpage USING INDEX webpage_scrape_reservation_id_held'
    expect(plans).toEqual([
      `${held} (scrape_start_time=? AND scrape_reservation_time=?)`,
      `${held} (scrape_start_time=? AND scrape_reservation_time<?)`,
      `${held} (scrape_start_time>? AND scrape_start_time<?)`,
    ])
  })

  test('what a worker holds is looked for among what is held', () => {
    const plans = plansOf((source) => [
      source.held({ prefix: 'w:1#', limit: 100 }),
      source.held({ after: '5', limit: 9 }),
    ])
    for (const plan of plans) expect(plan).toContain('USING INDEX webpage_scrape_reservation_id_held')
  })

  test('to reserve five rows, and to look for what is over its time, takes milliseconds', async () => {
    const source = sqliteTable<{ id: number }>(file, { ...options, synchronous: 'normal' })
    await source.open()
    const times: number[] = []
    const reserved: ReservedRow[] = []
    for (let round = 0; round < 200; round++) {
      const tokens = Array.from({ length: 5 }, (_, at) => `w:9#${round}.${at}`)
      const begun = performance.now()
      reserved.push(...(await source.reserve({ tokens, maxTries: 3 })))
      times.push(performance.now() - begun)
    }
    times.sort((a, b) => a - b)
    const begun = performance.now()
    const lapsed = await source.lapsed({ startWithinMs: 900_000, maxDurationMs: 900_000, limit: 1000 })
    const lapsedMs = performance.now() - begun
    const countedFrom = performance.now()
    const counts = await source.count(3)
    const countMs = performance.now() - countedFrom
    await source.close?.()
    const shown = (ms: number) => `${ms.toFixed(2)} ms`
    console.log(
      `of a million rows 5 are reserved in ${shown(times[100] ?? 0)} (99th of 100: ${shown(times[198] ?? 0)}), ` +
        `${lapsed.length} over their time found in ${shown(lapsedMs)}, all counted in ${shown(countMs)}`,
    )
    expect(reserved).toHaveLength(1000)
    expect(new Set(reserved.map(({ id }) => id)).size).toBe(1000)
    expect(lapsed.length).toBeGreaterThan(500)
    expect(counts.total).toBe(million)
    // A walk over the table takes a hundred times as long.
    expect(times[100]).toBeLessThan(20)
    expect(lapsedMs).toBeLessThan(100)
  })
})
