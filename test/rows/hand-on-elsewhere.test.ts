/** Rows that become tasks of workers elsewhere. */
import { expect, test } from 'vitest'
import { memory, memoryRows } from '../../adapters/memory/index.ts'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { FatalError, piecework, rowDispatcher, type TaskContext, task } from '../../src/index.ts'
import { columns, pages } from './pages.ts'

const quiet = { info() {}, warn() {}, error() {} }

test.each([
  ['memory', memory],
  ['sqlite', () => sqlite(':memory:')],
])(
  'a process that has no definition but the dispatcher hands its rows on, and runs none (%s)',
  async (_, storageOf) => {
    const storage = storageOf()
    const rows = pages(12)
    const ranAt: number[] = []
    const fetchPage = task('fetch-page', {
      run: ({ input }: TaskContext<{ page: number }>) => {
        ranAt.push(input.page)
        if (input.page === 7) throw new FatalError('gone')
      },
    })
    const scrape = rowDispatcher('scrape', {
      source: memoryRows(rows, columns),
      handOn: fetchPage,
      input: (row) => ({ page: row.id }),
    })
    const dispatcher = piecework({ storage, definitions: [scrape], poll: '5ms', logger: quiet })
    const elsewhere = piecework({ storage, definitions: [fetchPage], poll: '5ms', logger: quiet })
    await dispatcher.start()
    await expect.poll(async () => (await scrape.report()).reserved).toBe(5)
    expect(ranAt).toEqual([])
    await elsewhere.start()
    await expect.poll(() => scrape.report()).toMatchObject({ completed: 11, failed: 1, pending: 0 })
    expect(ranAt.sort((a, b) => a - b)).toEqual(rows.map(({ id }) => id))
    expect(rows[6]).toMatchObject({
      scrape_reservation_times: 5,
      scrape_error: 'FatalError: gone',
      scrape_success: false,
    })
    expect(rows[0]).toMatchObject({ scrape_reservation_times: 1, scrape_success: true })
    await dispatcher.close()
    await elsewhere.close()
  },
)
