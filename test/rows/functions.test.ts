/** The defaults of Pampa Dispatcher, and the functions that an app may put in their place. */
import { describe, expect, test } from 'vitest'
import { memoryRows } from '../../adapters/memory/index.ts'
import { piecework, rowDispatcher } from '../../src/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { alone, never } from './alone.ts'
import { type Page, pages } from './pages.ts'

const quiet = { info() {}, warn() {}, error() {} }
const idsOf = (rows: Page[], is: (row: Page) => boolean) => rows.filter(is).map(({ id }) => id)
const isActive = (row: Page) => row.scrape_reservation_id !== null && row.scrape_start_time === null

describe('the defaults', () => {
  test('P5 P6 P7 B26 are those of the seed: a queue of 5, 15 minutes, 5 tries', () => {
    const { rows } = alone(0).scrape
    expect(rows).toMatchObject({ queueSize: 5, startWithinMs: 900_000, maxDurationMs: 900_000, maxTries: 5 })
    expect(rows).toMatchObject({ queueSlots: undefined, allowing: undefined })
    expect(rows).toMatchObject({ selecting: undefined, relaunching: undefined })
  })

  test('P1 one call reserves for the whole queue: no row is asked for by itself', async () => {
    const { work, calls } = alone(50, { queueSize: 10 })
    await work.drain()
    expect(calls.filter((verb) => verb === 'reserve').length).toBeLessThan(15)
  })

  test('P10 P11 slots are what the queue has left, by rows reserved and not started, and never below 0', async () => {
    const { work, rows, clock } = alone(20, { queueSize: 4, concurrency: 3, run: never })
    await work.start()
    await clock.tick('5s')
    expect([idsOf(rows, isActive).length, idsOf(rows, (row) => row.scrape_start_time !== null).length]).toEqual([4, 3])
    const below = alone(3, { queueSlots: ({ queueSize }) => queueSize - 10 })
    expect(await below.work.drain()).toBe(0)
  })

  test('P12 rows are dispatched unless the app says otherwise', async () => {
    expect(await alone(2).work.drain()).toBe(2)
  })

  test('P13 B26 rows that are free, not ended and have tries left are selected: fewest tries first, then the lowest id', async () => {
    const { work, rows, clock } = alone(7, { queueSize: 3, concurrency: 1, run: never })
    Object.assign(rows[0]!, { scrape_reservation_times: 2 })
    Object.assign(rows[1]!, { scrape_reservation_times: 5 })
    Object.assign(rows[2]!, { scrape_end_time: 1 })
    Object.assign(rows[3]!, { scrape_reservation_id: 'another#1', scrape_reservation_time: clock.now() })
    Object.assign(rows[6]!, { scrape_reservation_times: 1 })
    await work.start()
    await clock.settle()
    const own = idsOf(rows, (row) => row.scrape_reservation_id?.startsWith('root@') === true)
    expect(own).toEqual([5, 6, 7])
  })

  test('P14 P15 P16 what is late is freed, by its start or by its reservation, whatever its tries; they are kept', async () => {
    const clock = manualClock()
    const settings = { clock, allowing: () => false, startWithin: '5m', maxDuration: '10m', maxTries: 2 } as const
    const { work, rows } = alone(6, settings)
    const at = (minutes: number) => clock.now() - minutes * 60_000
    const held = (id: number, reserved: number, started: number | null, tries: number) =>
      Object.assign(rows[id - 1]!, {
        scrape_reservation_id: `gone#${id}`,
        scrape_reservation_time: at(reserved),
        scrape_start_time: started === null ? null : at(started),
        scrape_reservation_times: tries,
      })
    held(1, 4.9, null, 0)
    held(2, 5, null, 1)
    held(3, 20, 9.9, 1)
    held(4, 20, 10, 2)
    Object.assign(held(5, 60, 50, 1), { scrape_end_time: at(45) })
    await work.drain()
    expect(idsOf(rows, (row) => row.scrape_reservation_id === null)).toEqual([2, 4, 6])
    expect(rows.map((row) => row.scrape_reservation_times)).toEqual([0, 1, 1, 2, 1, null])
    expect(rows[3]).toMatchObject({ scrape_reservation_time: null, scrape_start_time: null, scrape_end_time: null })
    expect(rows[3]?.scrape_error).toMatch(/^It was not ended within 600000 ms/)
    expect(rows[1]?.scrape_error).toBeNull()
  })

  test('P14 a pass that frees comes as often as a quarter of the shorter limit, and at least every 12 s', async () => {
    const clock = manualClock()
    const late = async (startWithin: number, maxDuration: number) => {
      const { work, rows } = alone(1, { clock, startWithin, maxDuration, allowing: () => false })
      await work.start()
      await clock.tick('1s')
      Object.assign(rows[0]!, { scrape_reservation_id: 'gone#1', scrape_reservation_time: clock.now() })
      const begun = clock.now()
      while (rows[0]?.scrape_reservation_id === 'gone#1') await clock.tick('100ms')
      return clock.now() - begun - startWithin
    }
    expect(await late(8_000, 3_600_000)).toBeLessThan(2_400 + 1_300)
    expect(await late(60_000, 3_600_000)).toBeLessThan(12_000 + 1_300)
  })

  test('P14 the longest over its time is freed first', async () => {
    const { rows, table, clock } = alone(3)
    for (const [index, minutes] of [20, 40, 30].entries()) {
      const since = clock.now() - minutes * 60_000
      Object.assign(rows[index]!, { scrape_reservation_id: `gone#${index}`, scrape_reservation_time: since })
    }
    const late = await table.lapsed({ startWithinMs: 900_000, maxDurationMs: 900_000, limit: 2 })
    expect(late.map(({ id }) => id)).toEqual(['2', '3'])
  })

  test('P20 rows that cannot be freed do not keep the pass', async () => {
    const { work, rows, table, clock } = alone(1_001, { queueSize: 1, concurrency: 1, run: never })
    for (const row of rows.slice(1)) {
      Object.assign(row, { scrape_reservation_id: `gone#${row.id}`, scrape_reservation_time: 0 })
    }
    let asked = 0
    const [write, lapsed] = [table.write.bind(table), table.lapsed.bind(table)]
    table.write = (changes) => (changes[0]?.move === 'relaunch' ? changes.map(() => false) : write(changes))
    table.lapsed = (request) => {
      if (++asked > 9) throw new Error('asked again and again')
      return lapsed(request)
    }
    await work.start()
    await clock.settle()
    expect([asked, rows[0]?.scrape_start_time]).toEqual([1, clock.now()])
  })

  test('P11 without a slot the table is not asked', async () => {
    for (const slots of [0, -5]) {
      const { work, calls } = alone(3, { queueSlots: () => slots })
      expect([await work.drain(), calls.includes('reserve')]).toEqual([0, false])
    }
  })

  test('P17 P18 P19 B24 reserve, start and finish write the time of the database, and count starts', async () => {
    const clock = manualClock()
    const { work, rows } = alone(2, {
      clock,
      concurrency: 1,
      run: () => new Promise<void>((resolve) => void clock.after(4_000, resolve)),
    })
    const begun = clock.now()
    await work.start()
    await clock.tick('5s')
    const [one, two] = rows
    expect(one).toMatchObject({ scrape_reservation_time: begun, scrape_start_time: begun, scrape_reservation_times: 1 })
    expect(one).toMatchObject({ scrape_end_time: begun + 4_000, scrape_success: true })
    expect(two).toMatchObject({
      scrape_reservation_time: begun,
      scrape_start_time: begun + 4_000,
      scrape_end_time: null,
    })
    expect(one?.scrape_reservation_id).not.toBe(two?.scrape_reservation_id)
  })

  test('P20 a pass frees first and reserves then; at most 10,000 rows are freed in one', async () => {
    const { work, rows, calls, clock } = alone(12_000, { queueSize: 1, concurrency: 1, run: never })
    for (const row of rows) Object.assign(row, { scrape_reservation_id: `gone#${row.id}`, scrape_reservation_time: 0 })
    await work.start()
    await clock.settle()
    expect(calls.indexOf('reserve')).toBeGreaterThan(calls.indexOf('lapsed'))
    expect(idsOf(rows, (row) => row.scrape_reservation_id?.startsWith('gone') === true)).toHaveLength(2_000)
  })

  test('P21 P26 a drain runs once what is due, row after row, and ends; a start goes on for what comes', async () => {
    const seen: number[] = []
    const { work, rows, clock } = alone(3, { concurrency: 1, run: ({ row }) => void seen.push(row.id) })
    expect([await work.drain(), seen]).toEqual([3, [1, 2, 3]])
    rows.push({ ...pages(1)[0]!, id: 4 })
    await clock.tick('10s')
    expect(seen).toEqual([1, 2, 3])
    await work.start()
    rows.push({ ...pages(1)[0]!, id: 5 })
    await clock.tick('2s')
    expect(seen).toEqual([1, 2, 3, 4, 5])
  })

  test('P22 P24 B23 the states of a report add up to the total, and it says whose they are', async () => {
    const { work, rows, scrape, clock } = alone(9, { maxTries: 1, queueSize: 3, concurrency: 1, run: never })
    Object.assign(rows[0]!, { scrape_reservation_times: 1 })
    Object.assign(rows[1]!, { scrape_end_time: 5, scrape_reservation_id: 'old#1' })
    await work.start()
    await clock.settle()
    const { workers, ...counts } = await scrape.report()
    expect(counts).toEqual({ total: 9, failed: 1, completed: 1, running: 1, reserved: 2, pending: 4 })
    const [own = ''] = Object.keys(workers).filter((worker) => worker !== 'old')
    expect(workers).toEqual({
      old: { reserved: 0, running: 0, completed: 1 },
      [own]: { reserved: 2, running: 1, completed: 0 },
    })
    // A worker is known by its name, and no two are one.
    expect(own).toMatch(/^root@.*:\d+:/)
  })
})

describe('columns', () => {
  test('P2 P4 B27 have any names, the last two may be absent, and several sets on one table know nothing of each other', async () => {
    const rows: Record<string, unknown>[] = [1, 2, 3].map((key) => ({ key, url: `/${key}` }))
    const set = (name: string) => ({
      ...{
        id: 'key',
        reservationId: `${name} id`,
        reservationTime: `${name} since`,
        reservationTimes: `${name} tries`,
      },
      ...{ startTime: `${name} start`, endTime: `${name} end` },
    })
    const seen: unknown[] = []
    const dispatcher = (name: string) =>
      rowDispatcher(name, {
        source: memoryRows(rows, set(name)),
        run: ({ row }) => void seen.push([name, row.key]),
        maxTries: 1,
      })
    const work = piecework({ definitions: [dispatcher('scrape'), dispatcher('price')], logger: quiet })
    expect(await work.drain()).toBe(6)
    expect(seen).toHaveLength(6)
    const names = Object.keys(rows[0] ?? {}).filter((name) => !name.startsWith('price'))
    expect(names.sort()).toEqual(
      ['key', 'url', 'scrape end', 'scrape id', 'scrape since', 'scrape start', 'scrape tries'].sort(),
    )
  })

  test('P25 only the named ones are written', async () => {
    const rows = Object.freeze(pages(2).map((row) => Object.seal(row))) as Page[]
    const before = rows.map(({ id, url, price }) => ({ id, url, price }))
    await alone(rows).work.drain()
    expect(rows.map(({ id, url, price }) => ({ id, url, price }))).toEqual(before)
  })
})

describe("the app's own functions", () => {
  test('P8 P9 B24 each is called, with the client, its worker and the limits', async () => {
    const given: Record<string, unknown>[] = []
    const note =
      <T>(answer: T) =>
      (context: object) => {
        given.push({ ...context })
        return answer
      }
    const { work, rows, scrape } = alone(4, {
      ...{ queueSize: 2, maxTries: 3, startWithin: '1m', maxDuration: '2m' },
      ...{ relaunching: note([]), allowing: note(true), queueSlots: note(2), selecting: note([]) },
    })
    await work.drain()
    const limits = { queueSize: 2, maxTries: 3, startWithinMs: 60_000, maxDurationMs: 120_000 }
    const all = { client: rows, name: 'scrape', worker: expect.stringMatching(/^root@/), ...limits }
    expect(given).toEqual([{ ...all, limit: 10_000 }, all, { ...all, reserved: 0 }, { ...all, limit: 2 }])
    expect(await scrape.report()).toMatchObject({ pending: 4 })
  })

  test('P8 allowing that says no reserves nothing, and is asked again', async () => {
    let credit = 0
    const { work, rows, clock } = alone(2, { allowing: async () => credit > 0 })
    await work.start()
    await clock.tick('5s')
    expect(rows.every((row) => row.scrape_reservation_id === null)).toBe(true)
    credit = 1
    await clock.tick('2s')
    expect(rows.every((row) => row.scrape_success)).toBe(true)
  })

  test('P8 P13 selecting chooses the order; rows that are held, ended, unknown, exhausted or named twice are passed over', async () => {
    const seen: number[] = []
    const { work, rows } = alone(6, {
      concurrency: 1,
      run: ({ row }) => void seen.push(row.id),
      selecting: () => [9, 6, '3', 3, 2, 1, 5, 6],
      queueSize: 8,
    })
    Object.assign(rows[1]!, { scrape_reservation_id: 'another#1', scrape_reservation_time: Date.now() })
    Object.assign(rows[0]!, { scrape_end_time: 1 })
    Object.assign(rows[4]!, { scrape_reservation_times: 5 })
    await work.drain()
    expect(seen).toEqual([6, 3])
  })

  test('P8 selecting that names too many has what is beyond the limit left out', async () => {
    const { work, rows, clock } = alone(6, { queueSize: 2, concurrency: 1, run: never, selecting: () => [5, 4, 3, 2] })
    await work.start()
    await clock.settle()
    expect(idsOf(rows, (row) => row.scrape_start_time !== null)).toEqual([5])
    expect(idsOf(rows, isActive)).toEqual([4])
  })

  test('P8 P16 relaunching frees what it names, whatever holds it, ended rows too; unknown ones are passed over', async () => {
    const { work, rows, events } = alone(4, { relaunching: () => [1, 2, '2', 3, 9], allowing: () => false })
    Object.assign(rows[0]!, { scrape_reservation_id: 'w#1', scrape_end_time: 5, scrape_reservation_times: 2 })
    Object.assign(rows[1]!, { scrape_reservation_id: 'w#2', scrape_start_time: 5, scrape_reservation_times: 1 })
    Object.assign(rows[3]!, { scrape_reservation_id: 'w#4', scrape_reservation_time: 1 })
    await work.drain()
    expect(idsOf(rows, (row) => row.scrape_reservation_id !== null)).toEqual([4])
    expect(rows.map((row) => row.scrape_reservation_times)).toEqual([2, 1, null, null])
    expect(rows.every((row) => row.scrape_end_time === null)).toBe(true)
    expect(events).toEqual(['expired 2 1'])
  })

  const nonsense = {
    allowing: 'yes',
    queueSlots: 1.5,
    selecting: new Set([1]),
    relaunching: [null],
  }
  test.each(Object.entries(nonsense))(
    'P20 %s that answers nonsense is a mistake that a drain tells',
    async (name, answer) => {
      const { work } = alone(2, { [name]: () => answer })
      await expect(work.drain()).rejects.toThrow(TypeError)
    },
  )

  test.each(Object.keys(nonsense))('P20 %s that throws is said, and the loop goes on', async (name) => {
    let calls = 0
    const thrown = () => {
      if (calls++ < 3) throw new Error('no such credit')
      return { allowing: true, queueSlots: 1, selecting: [1], relaunching: [] }[name]
    }
    const { work, rows, clock, lines } = alone(1, { [name]: thrown })
    let down = 0
    work.on('storage_down', () => void down++)
    await work.start()
    await clock.tick('5s')
    expect(rows[0]?.scrape_success).toBe(true)
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual(
      new Array(3).fill(`warn A pass of "scrape" failed, going on trying: no such credit (in \`${name}\`)`),
    )
    // The database did nothing wrong.
    expect(down).toBe(0)
  })
})
