/** A row that its own table refuses to have written, by a check or a trigger of the app's. */
import { expect, test } from 'vitest'
import { memoryRows } from '../../adapters/memory/index.ts'
import { piecework, rowDispatcher } from '../../src/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { columns, pages } from './pages.ts'

test('holds up no other: those that end with it are written, it is left to its limit, and is exhausted in the end', async () => {
  const clock = manualClock()
  const rows = pages(6)
  const source = memoryRows(rows, { ...columns, now: () => clock.now() })
  const write = source.write.bind(source)
  source.write = (changes) => {
    if (changes.some(({ id, move }) => id === '3' && move === 'complete'))
      throw new Error('check "no_third" is violated')
    return write(changes)
  }
  const lines: string[] = []
  const note = (line: string) => void lines.push(line)
  const scrape = rowDispatcher('scrape', { source, queueSize: 6, maxTries: 2, maxDuration: '1m', run: () => {} })
  const work = piecework({ definitions: [scrape], clock, logger: { info() {}, warn: note, error: note } })
  await work.start()
  await clock.tick('5s')
  expect(rows.filter((row) => row.scrape_end_time !== null).map(({ id }) => id)).toEqual([1, 2, 4, 5, 6])
  expect(rows[2]).toMatchObject({ scrape_reservation_times: 1 })
  await clock.tick('5m')
  expect(await scrape.report()).toMatchObject({ completed: 5, failed: 1 })
  expect(lines).toContainEqual(
    expect.stringMatching(/^Row 3 \(scrape\) is left to its limit, unwritten: check "no_third"/),
  )
  expect(await work.stop()).toEqual({ givenBack: [], abandoned: [] })
})
