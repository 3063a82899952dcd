/** A claim and a look for an open part beside millions of rows that are none of their business, counted in pages. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { claimStatements } from '../../adapters/sqlite/claim.ts'
import { countStatements } from '../../adapters/sqlite/count.ts'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { partStatements } from '../../adapters/sqlite/parts.ts'
import { namesFor } from '../../adapters/sqlite/schema.ts'
import type { Storage } from '../../src/storage/index.ts'

const NOW = 1_700_000_000_000
const PAGE_BYTES = 4096
const folder = mkdtempSync(join(tmpdir(), 'piecework-millions-'))
const crowded = join(folder, 'crowded.db')
const lonely = join(folder, 'lonely.db')
const io = '/proc/self/io'
const isCounted = statSync(io, { throwIfNoEntry: false }) !== undefined

interface Crowd {
  readonly prefix: string
  readonly rows: number
  readonly name?: string
  readonly state: string
  readonly priority?: number
  /** SQL over `value`, 1 to `rows`. */
  readonly wakeAt?: string
  readonly doneAt?: string
  readonly tries?: number
  readonly parent?: string
}

/** What a claim of `mine` should find. */
const due: Crowd = { prefix: 'due', rows: 1_000, state: 'waiting', wakeAt: `${NOW - 5_000} + value` }
const openPart: Crowd = { prefix: 'job/z', rows: 1, state: 'waiting', parent: 'job' }

/** What it should not so much as touch. */
const crowd: readonly Crowd[] = [
  { prefix: 'finished', rows: 1_000_000, state: 'completed', doneAt: `${NOW - 2_000_000} + value` },
  { prefix: 'future', rows: 1_000_000, state: 'waiting', priority: 0, wakeAt: `${NOW} + value` },
  { prefix: 'retry', rows: 100_000, state: 'waiting', wakeAt: `${NOW} + value`, tries: 1 },
  { prefix: 'foreign', rows: 500_000, name: 'theirs', state: 'waiting', wakeAt: `${NOW - 2_000_000} + value` },
  {
    prefix: 'urgent',
    rows: 500_000,
    name: 'theirs',
    state: 'waiting',
    priority: 0,
    wakeAt: `${NOW - 2_000_000} + value`,
  },
  { prefix: 'job/', rows: 100_000, state: 'completed', parent: 'job' },
]

function make(file: string, crowds: readonly Crowd[]): void {
  const db = new DatabaseSync(file)
  db.exec('pragma journal_mode = off; pragma synchronous = off')
  sqlite(db)
  const indexes = db.prepare(`select name, sql from sqlite_master where type = 'index' and sql is not null`).all()
  // Filling an index row by row takes five times as long as making it afterwards.
  for (const { name } of indexes) db.exec(`drop index ${name}`)
  for (const each of crowds) fill(db, each)
  for (const { sql } of indexes) db.exec(String(sql))
  db.exec('analyze')
  db.close()
}

function fill(db: DatabaseSync, crowd: Crowd): void {
  const {
    prefix,
    rows,
    name = 'mine',
    state,
    priority = 5,
    wakeAt = 'null',
    doneAt = 'null',
    tries = 0,
    parent,
  } = crowd
  db.exec(`insert into piecework_row
    with recursive each (value) as (select 1 union all select value + 1 from each where value < ${rows})
    select '${prefix}' || printf('%08d', value), '${name}', '${state}', ${priority}, ${wakeAt}, 1, ${tries}, null, null,
      ${parent ? `'${parent}'` : 'null'}, ${doneAt}, 'null', '{}' from each`)
}

/** How many pages `body` reads through a connection that has none of them yet. */
function pagesRead(file: string, body: (storage: Storage) => unknown): number {
  const storage = sqlite(file)
  // The schema and the path to it are read by the first statement.
  storage.get(['none'])
  const before = bytesRead()
  body(storage)
  const pages = (bytesRead() - before) / PAGE_BYTES
  storage.close()
  return pages
}

function bytesRead(): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync(io, 'utf8'))?.[1])
}

beforeAll(() => {
  if (!isCounted) return
  make(lonely, [due, openPart])
  make(crowded, [...crowd, due, openPart])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('SQLite beside 3,200,000 rows of others', () => {
  beforeEach(({ skip }) => skip(!isCounted, `${io} is Linux's: elsewhere reads are not counted`))

  function claim(storage: Storage, limit: number): void {
    const wants = [{ name: 'mine', limit }]
    const rows = storage.claim({ wants, limit, holder: `w#${limit}`, now: NOW, until: NOW + 30_000 })
    expect(rows).toHaveLength(limit)
  }

  test.each([10, 100])('DB-30 a claim of %i reads hardly more pages than it would without them', (limit) => {
    const alone = pagesRead(lonely, (storage) => claim(storage, limit))
    const beside = pagesRead(crowded, (storage) => claim(storage, limit))
    console.log(`claim of ${limit}: ${beside} pages beside the crowd, ${alone} without it`)
    expect(beside).toBeLessThan(alone + 30)
  })

  test('DB-30 every statement of the two goes by an index of its own and sorts no rows', () => {
    const names = namesFor('piecework_')
    const { lanes, next } = claimStatements(names)
    const parts = partStatements(names)
    const db = new DatabaseSync(crowded)
    for (const [sql, index] of [
      [next, /^SEARCH piecework_row USING INDEX piecework_row_due \(name=\? AND priority=\? AND .*wake_at.*<\?\)$/],
      [
        parts.next,
        /^SEARCH piecework_row USING COVERING INDEX piecework_row_parent \(parent=\? AND state=\? AND id>\?\)$/,
      ],
    ] as const) {
      const plan = db
        .prepare(`explain query plan ${sql}`)
        .all()
        .map(({ detail }) => detail)
      expect(plan).toEqual([expect.stringMatching(index)])
    }
    const plan = db
      .prepare(`explain query plan ${lanes}`)
      .all()
      .map(({ detail }) => String(detail))
    const reads = plan.filter((detail) => detail.includes('piecework_row'))
    expect(reads).toHaveLength(3)
    for (const read of reads)
      expect(read).toMatch(/^SEARCH piecework_row (EXISTS )?USING COVERING INDEX piecework_row_due \(name=\?/)
    db.close()
  })

  test('DB-30 a claim that finds nothing due reads a few pages', () => {
    const request = { wants: [{ name: 'mine', limit: 10 }], limit: 10, holder: 'w#0', now: 1, until: 2 }
    expect(pagesRead(crowded, (storage) => storage.claim(request))).toBeLessThan(30)
  })

  test('DB-30 what is left of a claim is found in a few pages, whatever else wakes', () => {
    const by = { claimedBy: 'w#10', until: NOW + 500, names: ['mine', 'theirs', 'none'] }
    const pages = pagesRead(crowded, (storage) => storage.find(by, 100))
    console.log(`what is left of a claim: ${pages} pages`)
    expect(pages).toBeLessThan(90)
  })

  test('the one open part of a job of 100,001 is found in a few pages', () => {
    const pages = pagesRead(crowded, (storage) => {
      const { rows } = storage.find({ parent: 'job', states: ['held', 'waiting', 'running'] }, 1) as {
        rows: { id: string }[]
      }
      expect(rows.map(({ id }) => id)).toEqual(['job/z00000001'])
    })
    console.log(`the open part: ${pages} pages`)
    expect(pages).toBeLessThan(30)
  })

  test('the parts of a job of 100,001 are counted without a look at their rows', () => {
    const db = new DatabaseSync(crowded)
    for (const sql of Object.values(countStatements(namesFor('piecework_')))) {
      const plan = db
        .prepare(`explain query plan ${sql}`)
        .all()
        .map(({ detail }) => String(detail))
      const reads = plan.filter((detail) => detail.includes('piecework_row'))
      expect(reads).toEqual(['SEARCH piecework_row USING COVERING INDEX piecework_row_parent (parent=? AND state=?)'])
    }
    db.close()
    const counted = (states: readonly string[]) =>
      pagesRead(crowded, (storage) => {
        const { counts } = storage.count({ parent: 'job', states, upTo: 1_000_000 }) as { counts: object }
        expect(counts).toEqual({ mine: states.includes('completed') ? { completed: 100_000 } : { waiting: 1 } })
      })
    const [open, done] = [counted(['held', 'waiting', 'running']), counted(['completed'])]
    console.log(`counts: ${open} pages where one part is open, ${done} for 100,000 that are done`)
    expect(open).toBeLessThan(30)
    // Entries of some 40 bytes; the rows would be 2,000 pages more.
    expect(done).toBeLessThan(1_500)
  })
})
