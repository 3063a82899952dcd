/** A dispatcher that is killed in the middle of ten thousand items, and is started again. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { piecework } from '../../../src/index.ts'
import type { Row, Storage } from '../../../src/storage/index.ts'
import { runToDeath } from '../../kill/death.ts'
import { anHourLater } from '../../kill/later.ts'
import { openAt, sqlitePlace } from '../../servers/places.ts'
import { attribute, consumerThat, deadly, items, values, type Where } from './crashing.ts'

const folder = mkdtempSync(join(tmpdir(), 'piecework-dispatch-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const script = fileURLToPath(new URL('./crashing.ts', import.meta.url))

async function executionsIn(storage: Storage): Promise<Row[]> {
  const rows: Row[] = []
  for (let after: string | null = ''; after !== null; ) {
    const page: { rows: Row[]; after: string | null } = await storage.find(
      { parent: 'dispatch.availability', after },
      1_000,
    )
    rows.push(...page.rows)
    after = page.after
  }
  return rows
}

test.each<[Where, string]>([
  ['read', 'while it reads them'],
  ['run', 'in an execution'],
])(
  'CR-08 ten thousand items, the process killed at item 4,317 (%s): after a restart each value has one execution',
  {
    timeout: 120_000,
  },
  async (where) => {
    const address = sqlitePlace(folder).fresh()
    const log = join(folder, `${where}.log`)
    runToDeath(script, JSON.stringify(address), log, where)

    const storage = await openAt(address)
    const before = await executionsIn(storage)
    // All but what was read and not stored yet, or, in the other case, perhaps all of them.
    expect(before.length).toBeGreaterThan(deadly - 250)
    const undone = before.filter(({ state }) => state !== 'completed')

    const consumer = consumerThat((item) => appendFileSync(log, `${item}\n`))
    const work = piecework({ storage: anHourLater(storage), definitions: [consumer], concurrency: 200 })
    const run = await work.dispatch({ items: items(), attribute, to: consumer, workers: 500 })
    await work.drain()
    const { state, result } = await run.info()
    const completed = values - (before.length - undone.length)
    expect({ state, ...result }).toMatchObject({
      state: 'completed',
      items: values,
      run: completed,
      completed,
      skipped: values - completed,
      repeated: 0,
      refused: 0,
      exhausted: 0,
    })

    const rows = await executionsIn(storage)
    const all = Array.from({ length: values }, (_, item) => item)
    expect(rows.every((row) => row.state === 'completed')).toBe(true)
    const inOrder = (found: number[]) => found.sort((a, b) => a - b)
    expect(inOrder(rows.map(({ input }) => JSON.parse(input).item))).toEqual(all)
    // Each was begun, and only those twice that were under way when the process died.
    const begun = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').map(Number) : []
    expect(inOrder([...new Set(begun)])).toEqual(all)
    const atWork = undone.filter(({ state }) => state === 'running').length
    expect(begun.length - values).toBeLessThanOrEqual(atWork)
    await work.close()
  },
)
