/** The prices of a shop: a table of the app's own, worked on by a process that is killed half-way and by one that goes on. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { type Run, root, run } from './run.ts'

const cwd = mkdtempSync(join(tmpdir(), 'piecework-prices-'))
const script = join(root, 'examples/prices/prices.ts')
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

const prices = (database: string) => run(script, [], { cwd, env: { PRICES_DATABASE: database } })

/** The whole table, in the order of its pages; none while it is not there. */
function pagesOf(database: string): Record<string, SQLOutputValue>[] {
  if (!existsSync(database)) return []
  const db = new DatabaseSync(database, { readOnly: true })
  try {
    return db.prepare('select * from webpage order by id').all()
  } catch {
    return []
  } finally {
    db.close()
  }
}

const isDone = (row: Record<string, unknown>) => row.scrape_end_time !== null
const isHeld = (row: Record<string, unknown>) => row.scrape_reservation_id !== null && !isDone(row)

/** Waits until so many pages have their price. */
async function until(count: number, one: Run, database: string): Promise<void> {
  while (pagesOf(database).filter(isDone).length < count && one.child.exitCode === null) await sleep(10)
}

test('pages of a shop, killed half-way, go on where they were: no page that was done is touched again', {
  timeout: 120_000,
}, async () => {
  const database = join(cwd, 'killed.db')
  const first = prices(database)
  await until(15, first, database)
  first.child.kill('SIGKILL')
  expect(await first.ended, first.output()).toBe('SIGKILL')
  const before = pagesOf(database)
  const held = before.filter(isHeld)
  expect(before.filter(isDone).length).toBeLessThan(40)
  expect(held.length).toBeGreaterThan(0)

  const second = prices(database)
  expect(await second.ended, second.output()).toBe(0)
  expect(second.output()).toMatch(
    new RegExp(
      `\\d+ of 60 pages were done by an earlier run, and ${held.length} are held by a worker that may be gone`,
    ),
  )
  for (const { id, scrape_reservation_times: tries } of held) {
    expect(second.output()).toMatch(
      new RegExp(`^ +\\d+\\.\\d +${id} +${tries ?? 0}  its worker is gone: it is free`, 'm'),
    )
  }
  expect(second.output()).toContain('\n60 pages: 54 have a price, 6 have failed. By worker:\n')
  expect(second.output()).toMatch(/^The cheapest:\n {2}260\.99 {2}https:\/\/shop\.example\/laptops\/53\n/m)
  expect(second.output()).toMatch(
    /^ {2}3 tries {2}.*laptops\/7 {2}TimeoutError: It ran longer than its limit of 1500 ms$/m,
  )
  expect(second.output()).toMatch(/^ {2}3 tries {2}.*laptops\/42 {2}FatalError: 404 Not Found$/m)

  const after = pagesOf(database)
  for (const row of before.filter(isDone)) expect(after[Number(row.id) - 1]).toEqual(row)
  for (const row of after) {
    const id = Number(row.id)
    expect(row.url).toBe(`https://shop.example/laptops/${id}`)
    if ([7, 9, 12, 29, 42, 49].includes(id)) {
      expect(row).toMatchObject({ price: null, scrape_reservation_id: null, scrape_end_time: null })
      expect(row).toMatchObject({ scrape_reservation_times: 3, scrape_success: 0 })
    } else {
      expect(row.price).toBe(Number((199.99 + ((id * 137) % 1800)).toFixed(2)))
      expect(row).toMatchObject({ scrape_success: 1, scrape_error: null })
      expect(isDone(row)).toBe(true)
    }
  }
  // A start that the killed process made has counted, and nothing else has.
  for (const { id, scrape_reservation_times: tries } of held) {
    expect(after[Number(id) - 1]?.scrape_reservation_times).toBeGreaterThan(Number(tries ?? 0))
  }

  const third = prices(database)
  expect(await third.ended, third.output()).toBe(0)
  expect(third.output()).not.toContain('what happened')
  expect(third.output()).toContain('\n60 of 60 pages were done by an earlier run.\n')
  expect(pagesOf(database)).toEqual(after)
})

test('Ctrl-C ends it: what runs comes to its end, and no page is left held', async () => {
  const database = join(cwd, 'stopped.db')
  const stopped = prices(database)
  await until(5, stopped, database)
  stopped.child.kill('SIGINT')
  expect(await stopped.ended, stopped.output()).toBe(0)
  expect(stopped.output()).toContain('Stopped; run it again, and it goes on.')
  const pages = pagesOf(database)
  expect(pages.filter(isDone).length).toBeLessThan(40)
  expect(pages.filter(isHeld)).toEqual([])
})
