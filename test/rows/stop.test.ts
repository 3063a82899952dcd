/** Stopping row dispatchers: at every moment, in every order, and what the report says of their rows. */
import { describe, expect, test } from 'vitest'
import { StoppingError } from '../../src/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { later } from '../runner/kit.ts'
import { alone, never, untilAborted } from './alone.ts'
import { pages } from './pages.ts'

const free = { scrape_reservation_id: null, scrape_start_time: null, scrape_end_time: null }

describe('stop', () => {
  test('P-STOP gives back what has not begun, uncounted, and waits for what runs', async () => {
    const body = later()
    const { work, rows, clock, events } = alone(4, { concurrency: 1, run: () => body.promise })
    await work.start()
    await clock.settle()
    expect(rows.map((row) => row.scrape_reservation_id !== null)).toEqual([true, true, true, true])
    const stopping = work.stop({ timeout: '10s' })
    await clock.tick('1s')
    expect(rows.slice(1)).toEqual(rows.slice(1).map(() => expect.objectContaining(free)))
    body.resolve()
    await clock.settle()
    expect(await stopping).toEqual({ givenBack: ['2', '3', '4'], abandoned: [] })
    expect(rows[0]).toMatchObject({ scrape_success: true, scrape_end_time: clock.now() })
    expect(rows.map((row) => row.scrape_reservation_times)).toEqual([1, null, null, null])
    expect(events.filter((event) => event.startsWith('returned'))).toEqual([
      'returned 2 1',
      'returned 3 1',
      'returned 4 1',
    ])
  })

  test('aborts what goes on for longer than the timeout; its try counts, and its row is free at once', async () => {
    const { work, rows, clock } = alone(1, { run: untilAborted })
    await work.start()
    await clock.settle()
    const stopping = work.stop({ timeout: '2s' })
    await clock.tick('2s')
    expect(await stopping).toEqual({ givenBack: [], abandoned: [] })
    const error = new StoppingError('The worker stops')
    expect(rows[0]).toMatchObject({
      ...free,
      scrape_reservation_times: 1,
      scrape_error: `${error.name}: ${error.message}`,
    })
  })

  test('a body that ignores its signal is abandoned: its row is left to its limit', async () => {
    const { work, rows, clock, events, timers } = alone(1, { run: never, maxDuration: '1m' })
    await work.start()
    await clock.settle()
    const stopping = work.stop({ timeout: '1s' })
    await clock.tick('1250ms')
    expect(await stopping).toEqual({ givenBack: [], abandoned: ['1'] })
    expect(events).toContain('stuck 1 1')
    expect(rows[0]).toMatchObject({ scrape_reservation_times: 1, scrape_end_time: null })
    expect(rows[0]?.scrape_start_time).not.toBeNull()
    expect(timers()).toBe(0)
  })

  test('P-STOP resolves in time though no call is answered, and nothing is begun or written when they are', async () => {
    let bodies = 0
    // The start of row 1 is under way, and is done and answered long after the stop.
    const fault = (verb: string) => (verb === 'write' ? -60_000 : 'pass')
    const settings = { concurrency: 1, fault, run: () => void bodies++, retryDelay: '10s' } as const
    const { work, rows, clock, calls, table, events, timers } = alone(3, settings)
    await work.start()
    await clock.settle()
    const stopping = work.stop({ timeout: '1s' })
    await clock.tick('1250ms')
    expect((await stopping).abandoned.sort()).toEqual(['1', '2', '3'])
    const before = calls.length
    await clock.tick('61s')
    // What was asked for before the stop was done all the same.
    expect([...events].sort()).toEqual(['returned 2 1', 'returned 3 1', 'started 1 1'])
    expect([bodies, calls.length, timers()]).toEqual([0, before, 0])
    expect(rows[0]?.scrape_start_time).not.toBeNull()
    expect(await table.count(5)).toMatchObject({ reserved: 0, running: 1, pending: 2 })
  })

  test('P5 a reservation that is answered after the stop belongs to the next start: no row waits for its limit', async () => {
    const fault = (verb: string, nth: number) => (verb === 'reserve' && nth === 1 ? 60_000 : 'pass')
    const { work, rows, clock, table } = alone(9, { fault, queueSize: 4, concurrency: 1, run: untilAborted })
    await work.start()
    await clock.settle()
    const stopping = work.stop({ timeout: '1s' })
    await clock.tick('2s')
    await stopping
    expect(await table.count(5)).toMatchObject({ reserved: 4 })
    await work.start()
    await clock.tick('2m')
    // The one that runs is one of those four: half of the queue waits still.
    expect(await table.count(5)).toMatchObject({ reserved: 3, running: 1 })
    expect(rows.map((row) => row.scrape_reservation_id !== null)).toEqual(rows.map(({ id }) => id <= 4))
  })

  test('what a pass reserves while the stop is under way is given back, not begun', async () => {
    let bodies = 0
    const fault = (verb: string) => (verb === 'reserve' ? 500 : 'pass')
    const { work, rows, clock } = alone(3, { fault, run: () => void bodies++ })
    await work.start()
    await clock.settle()
    const stopping = work.stop({ timeout: '5s' })
    await clock.tick('1s')
    expect(await stopping).toEqual({ givenBack: ['1', '2', '3'], abandoned: [] })
    expect([bodies, ...rows.map((row) => row.scrape_reservation_times)]).toEqual([0, null, null, null])
  })

  test("P5 rows that could not be given back are this worker's still when it begins again", async () => {
    let isDown = false
    const fault = (verb: string) => (isDown && verb === 'write' ? 'before' : 'pass')
    const { work, clock, table } = alone(9, { fault, queueSize: 4, concurrency: 1, run: never })
    await work.start()
    await clock.settle()
    isDown = true
    const stopping = work.stop({ timeout: '1s' })
    await clock.tick('2s')
    expect((await stopping).abandoned).toHaveLength(4)
    isDown = false
    await work.start()
    await clock.tick('3s')
    // One that the stop abandoned, one of the three that were found, the others of those and one more.
    expect(await table.count(5)).toMatchObject({ running: 2, reserved: 3 })
  })

  test('a pass that is under way reserves nothing more', async () => {
    const fault = (verb: string) => (verb === 'lapsed' ? 500 : 'pass')
    const { work, clock, calls } = alone(3, { fault })
    await work.start()
    await clock.settle()
    const stopping = work.stop()
    await clock.tick('1s')
    expect([await stopping, calls.includes('reserve')]).toEqual([{ givenBack: [], abandoned: [] }, false])
  })

  test('a row whose body fails because of the stop does not rest', async () => {
    const { work, rows, clock, timers } = alone(1, { run: untilAborted, retryDelay: '10m' })
    await work.start()
    await clock.settle()
    const stopping = work.stop({ timeout: '1s' })
    await clock.tick('1250ms')
    expect([await stopping, timers()]).toEqual([{ givenBack: [], abandoned: [] }, 0])
    expect(rows[0]).toMatchObject({ ...free, scrape_error: 'StoppingError: The worker stops' })
  })

  test('rows that rest after a failure are freed at once', async () => {
    const run = () => Promise.reject(new Error('busy'))
    const { work, rows, clock } = alone(1, { run, retryDelay: '10m' })
    await work.start()
    await clock.tick('1s')
    expect(rows[0]?.scrape_start_time).not.toBeNull()
    const stopping = work.stop()
    await clock.settle()
    expect(await stopping).toEqual({ givenBack: [], abandoned: [] })
    expect(rows[0]).toMatchObject({ ...free, scrape_error: 'Error: busy', scrape_reservation_times: 1 })
  })

  test('a row that is not given back is not reported so', async () => {
    const { work, rows, clock, events } = alone(3, { concurrency: 1, run: untilAborted })
    await work.start()
    await clock.settle()
    rows.splice(2, 1)
    Object.assign(rows[1]!, { scrape_reservation_id: 'another#1' })
    const stopping = work.stop({ timeout: '1s' })
    await clock.tick('2s')
    expect((await stopping).givenBack).toEqual([])
    expect(events).toEqual(expect.arrayContaining(['lost 2 1', 'gone 3 1']))
  })
})

describe('in any order', () => {
  test('start, stop and drain again and again run each row once', async () => {
    const seen: number[] = []
    const { work, clock } = alone(30, { concurrency: 2, run: ({ row }) => void seen.push(row.id) })
    await work.stop()
    const all = [work.start(), work.stop(), work.drain(), work.start(), work.drain(), work.stop(), work.start()]
    await clock.tick('5s')
    await Promise.all(all)
    expect(await work.stop()).toEqual({ givenBack: [], abandoned: [] })
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
  })

  test('a drain that comes while the worker stops does nothing, and the stop does not wait for it', async () => {
    const body = later()
    const { work, clock, rows } = alone(2, { concurrency: 1, run: () => body.promise })
    await work.start()
    await clock.settle()
    const stopping = work.stop({ timeout: '5s' })
    await clock.settle()
    expect(await work.drain()).toBe(0)
    body.resolve()
    await clock.settle()
    expect(await stopping).toEqual({ givenBack: ['2'], abandoned: [] })
    expect(rows[1]?.scrape_reservation_times).toBeNull()
  })

  test('P19 a start and a drain that open the table together use no reservation id twice', async () => {
    const clock = manualClock()
    // The drain's is answered last, when rows have been reserved already.
    const fault = (verb: string, nth: number) => (verb === 'open' && nth === 1 ? 2_000 : 'pass')
    const ids: string[] = []
    let isAllowed = true
    const run = ({ reservationId }: { reservationId: string }) => void ids.push(reservationId)
    const { work, rows } = alone(3, { clock, fault, run, allowing: () => isAllowed })
    const draining = work.drain()
    await work.start()
    await clock.tick('1s')
    isAllowed = false
    await clock.tick('2s')
    isAllowed = true
    rows.push(...pages(3).map((row) => ({ ...row, id: row.id + 3 })))
    await clock.tick('5s')
    await draining
    expect([ids.length, new Set(ids).size]).toEqual([6, 6])
  })

  test('P-STOP a drain that is still on its way to the table when a stop comes does nothing', async () => {
    const { work, clock, calls } = alone(2, { fault: (verb) => (verb === 'open' ? 5_000 : 'pass') })
    const draining = work.drain()
    await clock.settle()
    await work.stop()
    await clock.tick('10s')
    expect([await draining, calls]).toEqual([0, ['open']])
  })

  test('a drain is let go by a stop, and a close ends the source', async () => {
    let closed = 0
    const { work, clock, table } = alone(1, { run: never })
    table.close = () => void closed++
    const draining = work.drain()
    await clock.settle()
    const closing = work.close({ timeout: '1s' })
    await clock.tick('2s')
    await closing
    expect(await draining).toBe(0)
    await expect(work.drain()).rejects.toMatchObject({ code: 'stopped' })
    await expect(work.start()).rejects.toMatchObject({ code: 'stopped' })
    expect(closed).toBe(1)
  })
})
