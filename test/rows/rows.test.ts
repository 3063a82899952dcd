/** What a row dispatcher does with the rows of the app's own table, on rows in memory and a clock of the test's own. */
import { describe, expect, test } from 'vitest'
import { memoryRows } from '../../adapters/memory/index.ts'
import { FatalError, piecework, type RowDispatcherSettings, rowDispatcher } from '../../src/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { columns, type Page, pages } from './pages.ts'

const quiet = { info() {}, warn() {}, error() {} }

function setUp(
  count: number,
  settings: Partial<RowDispatcherSettings<Page, Page[]>> & { run?: (page: Page) => unknown },
) {
  const { run = () => {}, ...rest } = settings
  const clock = manualClock()
  const rows = pages(count)
  const source = memoryRows(rows, { ...columns, now: () => clock.now() })
  const scrape = rowDispatcher('scrape', { source, ...rest, run: ({ row }) => run(row) })
  const work = piecework({ definitions: [scrape], clock, logger: quiet })
  return { clock, rows, scrape, source, work }
}

test('P3 each row is run once, and its columns say who did it, since when, and how often', async () => {
  const seen: number[] = []
  const { clock, rows, work } = setUp(12, { run: ({ id }) => seen.push(id) })
  expect(await work.drain()).toBe(12)
  expect(seen.sort((a, b) => a - b)).toEqual(rows.map(({ id }) => id))
  for (const row of rows) {
    expect(row).toMatchObject({ scrape_reservation_times: 1, scrape_reservation_time: clock.now() })
    expect(row).toMatchObject({ scrape_start_time: clock.now(), scrape_end_time: clock.now() })
  }
  expect(new Set(rows.map((row) => row.scrape_reservation_id)).size).toBe(12)
})

describe('the four functions', () => {
  test('P11 no more than queueSize rows are reserved and not started', async () => {
    const { rows, source, work } = setUp(40, { queueSize: 3, concurrency: 1 })
    let most = 0
    const reserve = source.reserve.bind(source)
    source.reserve = (request) => {
      const reserved = reserve(request)
      const isActive = (row: Page) => row.scrape_reservation_id !== null && row.scrape_start_time === null
      most = Math.max(most, rows.filter(isActive).length)
      return reserved
    }
    await work.drain()
    expect(most).toBe(3)
  })
})

test('a row that fails is tried again at once, until it has no try left', async () => {
  const { rows, scrape, work } = setUp(2, {
    maxTries: 3,
    run: ({ id }) => {
      if (id === 1) throw new Error('no such page')
    },
  })
  await work.drain()
  expect(rows[0]).toMatchObject({
    scrape_reservation_times: 3,
    scrape_reservation_id: null,
    scrape_end_time: null,
    scrape_error: 'Error: no such page',
    scrape_success: false,
  })
  expect(await scrape.report()).toMatchObject({ total: 2, completed: 1, failed: 1, pending: 0 })
  expect(await scrape.explain(1)).toBe(
    'Row 1 (scrape) has no try left: 3 of 3 are counted. A FatalError counts them all.',
  )
})

test('a FatalError is the last of its row', async () => {
  const { rows, work } = setUp(1, {
    run: () => {
      throw new FatalError('gone for good')
    },
  })
  expect(await work.drain()).toBe(1)
  expect(rows[0]).toMatchObject({ scrape_reservation_times: 5, scrape_end_time: null })
})
