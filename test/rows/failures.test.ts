/** What becomes of a row whose body fails, hangs, or loses its row, and of a table that fails. */
import { describe, expect, test } from 'vitest'
import { FatalError, TimeoutError } from '../../src/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { alone, never, untilAborted } from './alone.ts'
import { type Page, pages } from './pages.ts'

const free = {
  scrape_reservation_id: null,
  scrape_reservation_time: null,
  scrape_start_time: null,
  scrape_end_time: null,
}

describe('a body that fails', () => {
  test('P18 B25 B27 leaves its row free at once, with what it failed with; the others of the queue go on', async () => {
    const run = ({ row }: { row: Page }) => {
      if (row.id === 2) throw new Error('no such page')
    }
    const { work, rows, events } = alone(5, { run, maxTries: 2, concurrency: 1 })
    await work.drain()
    expect(rows[1]).toMatchObject({ ...free, scrape_error: 'Error: no such page', scrape_success: false })
    expect(rows.map((row) => row.scrape_success)).toEqual([true, false, true, true, true])
    expect(events.filter((event) => / 2 /.test(event))).toEqual([
      ...['started 2 1', 'retrying 2 1', 'started 2 2', 'failed 2 2'],
    ])
  })

  const thrown: Record<string, unknown> = {
    null: null,
    undefined: undefined,
    'a text with a NUL': 'a\0b',
    'an object without a prototype': Object.create(null),
    'a symbol': Symbol('x'),
    'a proxy that refuses everything': new Proxy({}, refusing()),
  }
  test.each(Object.keys(thrown))('may throw %s', async (name) => {
    const run = () => {
      throw thrown[name]
    }
    const { work, rows } = alone(1, { maxTries: 1, run })
    expect(await work.drain()).toBe(1)
    expect(rows[0]).toMatchObject({ ...free, scrape_success: false, scrape_reservation_times: 1 })
    expect(rows[0]?.scrape_error).toMatch(/./)
  })

  test('a FatalError takes all tries, whatever the limit was when the row was started', async () => {
    const { work, rows, events, scrape } = alone(1, { maxTries: 4, run: () => Promise.reject(new FatalError('never')) })
    await work.drain()
    expect(rows[0]).toMatchObject({ ...free, scrape_reservation_times: 4, scrape_error: 'FatalError: never' })
    expect(events).toEqual(['started 1 1', 'failed 1 1'])
    expect(await scrape.report()).toMatchObject({ failed: 1, pending: 0, total: 1 })
  })

  test('a retryDelay keeps the row from everybody, and not beyond its limit', async () => {
    const run = () => Promise.reject(new Error('busy'))
    const { work, rows, clock, events } = alone(1, { run, retryDelay: '50s', maxDuration: '1m', maxTries: 2 })
    await work.start()
    await clock.tick('49s')
    expect([rows[0]?.scrape_reservation_times, events]).toEqual([1, ['started 1 1', 'retrying 1 1']])
    expect(rows[0]?.scrape_start_time).not.toBeNull()
    await clock.tick('2s')
    expect(rows[0]).toMatchObject({ ...free, scrape_reservation_times: 2, scrape_error: 'Error: busy' })
  })

  test('what is left of the limit is shorter than the retryDelay: the row is freed with its own error', async () => {
    const clock = manualClock()
    const run = async () => {
      await new Promise<void>((resolve) => void clock.after(30_000, resolve))
      throw new Error('busy')
    }
    const { work, rows, events } = alone(1, { clock, run, retryDelay: '50s', maxDuration: '1m', maxTries: 2 })
    await work.start()
    await clock.tick('59s')
    expect(rows[0]).toMatchObject({ scrape_reservation_times: 1, scrape_error: null })
    await clock.tick('2s')
    expect(rows[0]).toMatchObject({ scrape_reservation_times: 2, scrape_error: 'Error: busy' })
    expect(events).toEqual(['started 1 1', 'retrying 1 1', 'started 1 2'])
  })
})

describe('a body that takes too long', () => {
  test('P6 B25 is told so, and its row does not wait for a pass', async () => {
    const { work, rows, clock } = alone(1, { run: untilAborted, maxDuration: '10s', maxTries: 1 })
    await work.start()
    await clock.tick('10s')
    const error = new TimeoutError('It ran longer than its limit of 10000 ms')
    expect(rows[0]).toMatchObject({
      ...free,
      scrape_reservation_times: 1,
      scrape_error: `TimeoutError: ${error.message}`,
    })
  })

  test('P14 P16 one that ignores its signal loses its row, and then its place; what it does later changes nothing', async () => {
    const clock = manualClock()
    let end = () => {}
    const run = ({ attempt }: { attempt: number }) =>
      attempt === 1
        ? new Promise<void>((resolve) => {
            end = resolve
          })
        : Promise.resolve()
    const { work, rows, events } = alone(1, { clock, run, maxDuration: '10s', concurrency: 1 })
    await work.start()
    await clock.tick('20s')
    expect([...events].sort()).toEqual(['completed 1 2', 'expired 1 1', 'started 1 1', 'started 1 2', 'stuck 1 1'])
    const after = { ...rows[0] }
    end()
    await clock.tick('1m')
    expect(events.at(-1)).toBe('late 1 1')
    expect(rows[0]).toEqual(after)
  })

  test('told twice to end, it has no more time than once', async () => {
    const { work, rows, clock, events } = alone(1, { run: never, maxDuration: '8s' })
    await work.start()
    await clock.tick('8s')
    // It is found to be gone between the end of its time and that of its patience.
    rows.splice(0)
    await clock.tick('5s')
    expect(events).toContain('stuck 1 1')
  })
})

describe('a row that is taken away', () => {
  test('RS-02 deleted while it runs, it is gone: its body is told, nothing is written, and it is not made again', async () => {
    const { work, rows, clock, events } = alone(1, { run: untilAborted })
    await work.start()
    await clock.settle()
    rows.splice(0)
    await clock.tick('7s')
    expect([rows, events]).toEqual([[], ['started 1 1', 'gone 1 1']])
  })

  test('RS-02 deleted while it waits for its start, or for its end to be written, it is gone', async () => {
    const clock = manualClock()
    let end = () => {}
    const { work, rows, events } = alone(2, {
      clock,
      concurrency: 1,
      run: () => new Promise<void>((done) => (end = done)),
    })
    await work.start()
    await clock.settle()
    rows.splice(0)
    end()
    await clock.settle()
    expect(events).toEqual(['started 1 1', 'gone 1 1', 'gone 2 1'])
  })

  test('RS-01 B22 taken by another dispatcher, nothing of the late worker is written', async () => {
    const clock = manualClock()
    const rows = pages(1)
    let end = () => {}
    const run = () =>
      new Promise<void>((resolve) => {
        end = resolve
      })
    const late = alone(rows, { clock, maxDuration: '10s', run })
    const other = alone(rows, { clock, maxDuration: '10s', run: never })
    await late.work.start()
    await clock.settle()
    // It stands still in the middle of its body, and the other one takes its row.
    late.freeze()
    await clock.tick('11s')
    await other.work.start()
    await clock.settle()
    const taken = { ...rows[0] }
    expect(taken).toMatchObject({ scrape_reservation_times: 2, scrape_start_time: clock.now() })
    end()
    late.thaw()
    await clock.tick('1s')
    expect(rows[0]).toEqual(taken)
    expect([late.events, other.events]).toEqual([
      ['started 1 1', 'lost 1 1'],
      ['expired 1 1', 'started 1 2'],
    ])
  })

  test('RS-01 freed by hand while it runs, its body is told that it was taken back', async () => {
    let reason: unknown
    const run = async (context: Parameters<typeof untilAborted>[0]) => {
      reason = await untilAborted(context).catch((error) => error)
    }
    const { work, rows, clock, events } = alone(1, { run, maxTries: 1 })
    await work.start()
    await clock.settle()
    Object.assign(rows[0]!, free)
    await clock.tick('7s')
    expect(reason).toMatchObject({ name: 'LeaseLostError', message: 'Row 1 (scrape) was taken back' })
    expect([rows[0]?.scrape_success, events]).toEqual([null, ['started 1 1', 'lost 1 1']])
  })

  test('RS-01 what the user writes beside it stays, to the byte', async () => {
    const { work, rows, clock } = alone(1, { run: untilAborted, maxDuration: '5s', maxTries: 2 })
    await work.start()
    await clock.tick('1s')
    Object.assign(rows[0]!, { price: 7, url: "/o'clock" })
    await clock.tick('20s')
    expect(rows[0]).toMatchObject({ price: 7, url: "/o'clock", scrape_reservation_times: 2, scrape_success: false })
  })
})

describe('a table that fails', () => {
  test('an answer that was lost is no second try: P17 the start is known again, and so is the end', async () => {
    const fault = (verb: string, nth: number) => (verb === 'write' && nth % 2 === 1 ? 'after' : 'pass')
    const { work, rows, clock, events } = alone(1, { fault })
    await work.start()
    await clock.tick('2s')
    expect(rows[0]).toMatchObject({ scrape_reservation_times: 1, scrape_success: true })
    expect(events).toEqual(['started 1 1', 'completed 1 1'])
  })

  test('P5 rows of a lost answer are found, and count, whatever fails next', async () => {
    const fault = (verb: string, nth: number) => (verb === 'reserve' && nth === 1 ? 'after' : 'pass')
    let asked = 0
    const allowing = () => {
      if (++asked > 1 && asked < 4) throw new Error('no credit known')
      return true
    }
    const { work, clock, table } = alone(12, { fault, allowing, queueSize: 3, concurrency: 1, run: never })
    await work.start()
    await clock.tick('5s')
    expect(await table.count(5)).toMatchObject({ reserved: 2, running: 1, pending: 9 })
  })

  test('a start that is answered when the time is over begins no body', async () => {
    let bodies = 0
    const fault = (verb: string, nth: number) => (verb === 'write' && nth === 1 ? 11_000 : 'pass')
    const { work, rows, clock } = alone(1, { fault, maxDuration: '10s', maxTries: 1, run: () => void bodies++ })
    await work.start()
    await clock.tick('30s')
    expect([bodies, rows[0]?.scrape_reservation_times, rows[0]?.scrape_end_time]).toEqual([0, 1, null])
  })

  test('a last failure that was not written before the row was taken back is lost: the row may be tried again', async () => {
    const fault = (verb: string, nth: number) => (verb === 'write' && nth === 2 ? 'before' : 'pass')
    let isAllowed = true
    const run = () => {
      isAllowed = false
      throw new FatalError('never')
    }
    const { work, rows, clock, events } = alone(1, { fault, run, allowing: () => isAllowed })
    await work.start()
    await clock.settle()
    Object.assign(rows[0]!, free)
    await clock.tick('1s')
    expect([rows[0]?.scrape_reservation_times, events]).toEqual([1, ['started 1 1', 'lost 1 1']])
  })

  test('P20 an outage is gone through, and said once', async () => {
    const clock = manualClock()
    const until = clock.monotonic() + 60_000
    const fault = () => (clock.monotonic() < until ? 'before' : 'pass') as 'before' | 'pass'
    const { work, rows, lines } = alone(3, { clock, fault: (verb) => (verb === 'open' ? 'pass' : fault()) })
    await work.start()
    await clock.tick('59s')
    expect(rows.every((row) => row.scrape_reservation_id === null)).toBe(true)
    expect(lines.filter((line) => line.startsWith('warn the array of rows fails')).length).toBeLessThan(8)
    await clock.tick('6s')
    expect(rows.every((row) => row.scrape_success === true)).toBe(true)
  })

  test('a drain goes on when a row becomes due while a pass that found nothing is still under way', async () => {
    const clock = manualClock()
    const fault = (verb: string, nth: number) => (verb === 'reserve' && nth === 2 ? 200 : 'pass')
    const run = async () => {
      await new Promise<void>((resolve) => void clock.after(100, resolve))
      throw new Error('busy')
    }
    const { work } = alone(1, { clock, fault, run, maxTries: 2 })
    const draining = work.drain()
    await clock.tick('2s')
    expect(await draining).toBe(2)
  })

  test('a drain that cannot read the table says so', async () => {
    const { work } = alone(1, { fault: (verb) => (verb === 'reserve' ? 'before' : 'pass') })
    await expect(work.drain()).rejects.toThrow('reserve failed before it was done')
  })
})

function refusing(): ProxyHandler<object> {
  const refuse = () => {
    throw new Error('refused')
  }
  return { get: refuse, getPrototypeOf: refuse, has: refuse }
}
