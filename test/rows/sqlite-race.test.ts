/** Real processes on one table in SQLite, killed and stopped at any moment, while the user writes to the same rows. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chosenSeed } from '../../src/conformance/random.ts'
import { checkSteps, type Logged } from './racing/check.ts'
import { type RaceOutcome, race } from './racing/run.ts'
import { SqlitePages } from './racing/sqlite-pages.ts'

const rows = 2_000
const processes = 8
/** `PIECEWORK_RACE_STRIKES=200` for a long one. */
const strikes = Number(process.env.PIECEWORK_RACE_STRIKES ?? 16)
const folder = mkdtempSync(join(tmpdir(), 'piecework-rows-race-'))

let pages: SqlitePages
let outcome: RaceOutcome
let logged: Logged

beforeAll(async () => {
  const seed = chosenSeed(undefined, () => Date.now() % 100_000)
  const file = join(folder, 'app.db')
  pages = new SqlitePages(file, rows)
  outcome = await race({
    place: { kind: 'sqlite', at: file, table: 'webpage' },
    log: join(folder, 'race.log'),
    seed,
    rows,
    processes,
    strikes,
    ended: () => pages.ended(rows),
    meanwhile: (random) => pages.meanwhile(random, rows),
  })
  logged = checkSteps(pages.steps())
  const counts = { ...outcome.counts, ...logged.counts, removed: pages.removed.size, gone: notesOf('gone').length }
  console.log(`PIECEWORK_SEED=${seed}: ${rows} rows by ${processes} processes: ${JSON.stringify(counts)}`)
}, 120_000)
afterAll(() => {
  pages.close()
  rmSync(folder, { recursive: true, force: true })
})

const notesOf = (what: string) => outcome.notes.filter((note) => note.what === what)

test('there was something to get through: processes were killed and stopped, and rows were taken back', () => {
  expect(outcome.wrongEnds).toEqual([])
  expect(Number(outcome.counts.kills)).toBeGreaterThan(0)
  expect(Number(outcome.counts.stops)).toBeGreaterThan(0)
  expect(logged.counts.free).toBeGreaterThan(0)
  expect(notesOf('lost').length + notesOf('expired').length).toBeGreaterThan(0)
})

test('B22 P-RESERVE each change of the five columns is a move: a row has one reservation at an instant, and its own', () => {
  expect(logged.wrong).toEqual([])
})

test('every row is processed, and no more than once to its end', () => {
  expect(pages.open()).toBe(0)
  expect(logged.counts.complete).toBeGreaterThanOrEqual(rows - pages.removed.size)
  const completed = notesOf('completed').map(({ id }) => id)
  expect(new Set(completed).size).toBe(completed.length)
})

test('P17 the tries of a row are its starts, each of which is one body', () => {
  for (const [id, tries] of pages.tries()) expect(`${id}: ${tries}`).toBe(`${id}: ${logged.starts.get(id)}`)
  const bodies = notesOf('+').map(({ id, attempt }) => `${id} ${attempt}`)
  expect(new Set(bodies).size).toBe(bodies.length)
  const tries = pages.tries()
  for (const { id, attempt } of notesOf('completed')) {
    if (!pages.removed.has(id)) expect(`${id} ${attempt}`).toBe(`${id} ${tries.get(id)}`)
  }
})

test("RS-01 P25 the user's own columns are byte for byte what the user wrote last", () => {
  expect(outcome.counts.writes).toBeGreaterThan(50)
  expect(pages.own()).toEqual(pages.written)
})

test('RS-02 a row that was removed while it ran is told as gone and never comes back', () => {
  expect(pages.removed.size).toBeGreaterThan(0)
  expect(pages.inserted()).toBe(0)
  expect([...pages.own().keys()].filter((id) => pages.removed.has(id))).toEqual([])
  const gone = notesOf('gone').map(({ id }) => id)
  expect(gone.length).toBeGreaterThan(0)
  expect(gone.filter((id) => !pages.removed.has(id))).toEqual([])
})
