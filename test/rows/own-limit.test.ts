/** A row that runs over its limit while its worker is alive. */
import { expect, test } from 'vitest'
import { memoryRows } from '../../adapters/memory/index.ts'
import { piecework, rowDispatcher } from '../../src/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { columns, pages } from './pages.ts'

const quiet = { info() {}, warn() {}, error() {} }

test('a body that takes a while to end after its limit says itself how it ended: the passes of its worker leave it alone', async () => {
  const clock = manualClock()
  const rows = pages(1)
  const scrape = rowDispatcher('scrape', {
    source: memoryRows(rows, { ...columns, now: () => clock.now() }),
    maxDuration: '1s',
    maxTries: 1,
    run: ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => clock.after(1_000, () => reject(signal.reason)))
      }),
  })
  const work = piecework({ definitions: [scrape], clock, poll: '10ms', logger: quiet })
  const told: string[] = []
  for (const event of ['failed', 'retrying', 'expired', 'lost'] as const) work.on(event, () => told.push(event))
  await work.start()
  for (let tick = 0; tick < 60; tick++) await clock.tick(50)
  expect(told).toEqual(['failed'])
  expect(rows[0]).toMatchObject({
    scrape_error: 'TimeoutError: It ran longer than its limit of 1000 ms',
    scrape_success: false,
    scrape_reservation_id: null,
  })
  await work.stop()
})
