/** Eight processes on one table in Postgres, killed and stopped at any moment, while the user writes to the same rows. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { postgresTable } from '../../adapters/postgres/index.ts'
import { chosenSeed } from '../../src/conformance/random.ts'
import { withServer } from '../servers/with-server.ts'
import { columns } from './pages.ts'
import { ownSchema } from './postgres-schema.ts'
import { checkSteps, type Logged } from './racing/check.ts'
import { type Evidence, PostgresPages } from './racing/postgres-pages.ts'
import { type RaceOutcome, race } from './racing/run.ts'

/** `PIECEWORK_RACE_ROWS=200000` for a long one. */
const rows = Number(process.env.PIECEWORK_RACE_ROWS ?? 20_000)
const strikes = 20

await withServer('postgres', (server) => {
  let outcome: RaceOutcome
  let evidence: Evidence
  let logged: Logged
  let written: ReadonlyMap<string, string>

  beforeAll(
    async () => {
      const seed = chosenSeed(undefined, () => Date.now() % 100_000)
      const folder = mkdtempSync(join(tmpdir(), 'piecework-rows-race-'))
      // No power is cut here: what a commit waits for the disk would only make the race a longer one.
      const schema = await ownSchema(server.url, 'synchronous_commit=off')
      const pages = new PostgresPages(schema.url, rows)
      try {
        await pages.prepare(postgresTable(schema.url, { ...columns, table: 'webpage' }).statements())
        outcome = await race({
          place: pages.place,
          log: join(folder, 'race.log'),
          seed,
          rows,
          processes: 8,
          strikes,
          bodyMs: 4,
          ended: () => pages.ended(),
          meanwhile: (random) => pages.write(random),
          limitMs: 60_000 + rows * 2,
        })
        evidence = await pages.evidence()
        logged = checkSteps(evidence.steps)
        written = pages.written
      } finally {
        await pages.end()
        await schema.drop()
        rmSync(folder, { recursive: true, force: true })
      }
      const counts = { ...outcome.counts, removed: evidence.removed.size, ...logged.counts }
      console.log(`PIECEWORK_SEED=${seed}: ${rows} rows: ${JSON.stringify(counts)}`)
    },
    120_000 + rows * 2,
  )

  const notesOf = (what: RaceOutcome['notes'][number]['what']) => outcome.notes.filter((note) => note.what === what)

  test('there was something to get through: processes were struck, rows taken back, written to and removed', () => {
    const { kills, stops, writes } = outcome.counts
    expect(kills! + stops!).toBe(strikes)
    expect(Math.min(kills!, stops!)).toBeGreaterThan(1)
    expect(writes).toBeGreaterThan(100)
    expect(logged.counts.free).toBeGreaterThan(kills!)
    expect(evidence.removed.size).toBeGreaterThan(5)
    expect(outcome.wrongEnds).toEqual([])
  })

  test('RS-01 every row that is there was processed', () => {
    expect(evidence.rows).toHaveLength(rows - evidence.removed.size)
    expect(evidence.rows.filter(({ hasEnded }) => !hasEnded)).toEqual([])
    const well = new Set(notesOf('-').map(({ id }) => id))
    expect(evidence.rows.filter(({ id }) => !well.has(id))).toEqual([])
  })

  test('RS-03 P-RESERVE B22 a row has one reservation at any instant, and no other holds or ends it', () => {
    expect(logged.wrong.slice(0, 5)).toEqual([])
    expect(logged.counts.complete).toBeGreaterThanOrEqual(evidence.rows.length)
  })

  test('P17 tries are exact: as many as the starts that the database saw, and no start was run twice', () => {
    expect(evidence.rows.filter(({ id, tries }) => tries !== (logged.starts.get(id) ?? 0))).toEqual([])
    const begun = notesOf('+').map(({ id, attempt }) => `${id} ${attempt}`)
    expect(begun.length - new Set(begun).size).toBe(0)
    const unlogged = notesOf('+').filter(({ id, attempt }) => attempt > (logged.starts.get(id) ?? 0))
    expect(unlogged).toEqual([])
  })

  test('RS-01 P25 P-RESERVE the columns of the user are to the byte what the user wrote in them last', () => {
    expect(evidence.touched).toBe(0)
    expect(evidence.rows.filter(({ id, own }) => own !== written.get(id))).toEqual([])
  })

  test('RS-02 P-RESERVE a row that the user removed while it ran is told as gone, and none comes back', () => {
    expect(evidence.added).toBe(0)
    const { removed } = evidence
    expect(evidence.rows.filter(({ id }) => removed.has(id))).toEqual([])
    const gone = notesOf('gone').map(({ id }) => id)
    expect(gone.filter((id) => !removed.has(id))).toEqual([])
    // A reservation id says whose it is: by whom the row was run when it was removed.
    const untold = [...removed].filter(([id, { reservationId, startTime, endTime }]) => {
      const isKilled = outcome.killed.has(Number(reservationId?.split(':')[1]))
      return startTime !== null && endTime === null && !isKilled && !gone.includes(id)
    })
    expect(gone.length).toBeGreaterThan(0)
    expect(untold).toEqual([])
  })
})
