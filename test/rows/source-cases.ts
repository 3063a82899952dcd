/** What every source does, whatever database it is on: each test takes a table of its own. */
import { afterAll, describe, expect, test } from 'vitest'
import {
  type ReservedRow,
  type RowChange,
  type RowMoveName,
  type RowSource,
  type RowStanding,
  rowMoves,
} from '../../src/storage/index.ts'

/** The user's own part of a row. */
export interface Shop {
  readonly id: string | number
  readonly name: string
  readonly price: number
}

/** A row as the user reads it: its own part, and the seven columns, however the database keeps instants. */
export interface ShopRow extends Shop {
  readonly reservation_id: string | null
  readonly reservation_time: unknown
  readonly reservation_times: number | null
  readonly start_time: unknown
  readonly end_time: unknown
  readonly success: boolean | null
  readonly error: string | null
}

/** A fresh table with these rows; the columns are named as in {@link ShopRow}. */
export interface ShopTable {
  /** One that opens the same table on its own. The first is given back each time where there can be only one. */
  source(options?: { readonly whereDearerThan?: number }): RowSource<ShopRow>
  /** By the user's own means, in the order of ids. */
  rows(): Promise<ShopRow[]>
  setTries(id: Shop['id'], tries: number): Promise<void>
  setPrice(id: Shop['id'], price: number): Promise<void>
  remove(id: Shop['id']): Promise<void>
  end?(): Promise<void>
}

export interface ShopPlace {
  table(rows: readonly Shop[], key: 'integer' | 'text'): Promise<ShopTable>
}

const standings: readonly RowStanding[] = ['free', 'active', 'started', 'ended']
const moves = (Object.keys(rowMoves) as RowMoveName[]).filter((name) => name !== 'reserve')

const shops = (count: number): Shop[] =>
  Array.from({ length: count }, (_, index) => ({ id: index + 1, name: `shop ${index + 1}`, price: index * 10 }))

let drawn = 0
const tokens = (count: number, worker = 'w:1'): string[] =>
  Array.from({ length: count }, () => `${worker}#${(++drawn).toString(36)}`)

/** The tokens that fit: the cases ask for readable ones where the column takes text. */
export function sourceCases(place: ShopPlace): void {
  const tables: ShopTable[] = []
  afterAll(async () => {
    for (const table of tables) await table.end?.()
  })

  async function setUp(rows: readonly Shop[] = shops(6), key: 'integer' | 'text' = 'integer') {
    const table = await place.table(rows, key)
    tables.push(table)
    const source = table.source()
    await source.open()
    return { table, source }
  }

  /** Brings a row to where it should stand, and answers its token. */
  async function bring(source: RowSource<ShopRow>, id: string, standing: RowStanding): Promise<string> {
    const [token = ''] = tokens(1)
    if (standing === 'free') return token
    const [row] = await source.reserve({ tokens: [token], ids: [id], maxTries: 99 })
    expect(row).toMatchObject({ id, token, standing: 'active' })
    const change = (on: RowStanding, move: RowChange['move']): RowChange => ({ id, token, on, move, maxTries: 99 })
    if (standing !== 'active') expect(await source.write([change('active', 'start')])).toEqual([true])
    if (standing === 'ended') expect(await source.write([change('started', 'complete')])).toEqual([true])
    return token
  }

  const own = ({ id, name, price }: ShopRow): Shop => ({ id, name, price })

  describe('reserve', () => {
    test('P13 P19 takes the free rows, fewest tries first and then the lowest id, each with a token of its own', async () => {
      const { table, source } = await setUp()
      await table.setTries(1, 2)
      await table.setTries(2, 1)
      await table.setTries(3, 5)
      const given = tokens(5)
      const reserved = await source.reserve({ tokens: given, maxTries: 5 })
      expect(reserved.map(({ id }) => id)).toEqual(['4', '5', '6', '2', '1'])
      expect(reserved.map(({ tries }) => tries)).toEqual([0, 0, 0, 1, 2])
      expect(reserved.map(({ token }) => token).sort()).toEqual(given.toSorted())
      const rows = await table.rows()
      expect(rows.map((row) => row.reservation_id !== null)).toEqual([true, true, false, true, true, true])
      for (const { id, token } of reserved) expect(rows[Number(id) - 1]?.reservation_id).toBe(token)
    })

    test('gives the whole row of the user, and what its columns say now', async () => {
      const { source } = await setUp()
      const before = await source.now()
      const [one] = (await source.reserve({ tokens: tokens(1), maxTries: 5 })) as [ReservedRow<ShopRow>]
      const after = await source.now()
      expect(own(one.row)).toEqual({ id: 1, name: 'shop 1', price: 0 })
      expect(one).toMatchObject({ id: '1', standing: 'active', tries: 0, startedAt: null, endedAt: null })
      expect(one.reservedAt).toBeGreaterThanOrEqual(before - 1)
      expect(one.reservedAt).toBeLessThanOrEqual(after + 1)
    })

    test('takes no more than there are tokens, and none of what is held, ended or exhausted', async () => {
      const { source, table } = await setUp()
      await bring(source, '1', 'active')
      await bring(source, '2', 'started')
      await bring(source, '3', 'ended')
      await table.setTries(4, 5)
      const one = await source.reserve({ tokens: tokens(1), maxTries: 5 })
      expect(one.map(({ id }) => id)).toEqual(['5'])
      const rest = await source.reserve({ tokens: tokens(9), maxTries: 5 })
      expect(rest.map(({ id }) => id)).toEqual(['6'])
      expect(await source.reserve({ tokens: tokens(9), maxTries: 5 })).toEqual([])
    })

    test('P8 of ids that the app chose takes, in their order, those that are free and have tries left', async () => {
      const { source, table } = await setUp()
      await bring(source, '2', 'active')
      await table.setTries(3, 5)
      const reserved = await source.reserve({ tokens: tokens(6), ids: ['6', '2', '77', '3', '1', '5'], maxTries: 5 })
      expect(reserved.map(({ id }) => id)).toEqual(['6', '1', '5'])
      expect(await source.reserve({ tokens: tokens(1), ids: ['4', '4000'], maxTries: 5 })).toHaveLength(1)
    })

    test('P25 writes nothing but its columns', async () => {
      const { source, table } = await setUp()
      const before = (await table.rows()).map(own)
      for (const id of ['1', '2', '3']) await bring(source, id, standings[Number(id)] ?? 'free')
      expect((await table.rows()).map(own)).toEqual(before)
    })

    test('B22 P-RESERVE gives no row to two who ask at the same time', async () => {
      const { table } = await setUp(shops(60))
      const sources = [table.source(), table.source(), table.source(), table.source()]
      for (const each of sources) await each.open()
      const got: string[] = []
      for (let round = 0; got.length < 60 && round < 100; round++) {
        const calls = sources.flatMap((source, index) => [
          source.reserve({ tokens: tokens(5, `w:${index}`), maxTries: 5 }),
          source.reserve({ tokens: tokens(3, `w:${index}`), maxTries: 5 }),
        ])
        for (const rows of await Promise.all(calls)) got.push(...rows.map(({ id }) => id))
      }
      expect(got).toHaveLength(60)
      expect(new Set(got).size).toBe(60)
    })
  })

  describe('write', () => {
    for (const move of moves) {
      test(`makes the move ${move} only where its reservation stands so, and writes what the table of moves says`, async () => {
        for (const standing of standings) {
          const { source, table } = await setUp(shops(2))
          const token = await bring(source, '1', standing)
          const [before] = await table.rows()
          for (const on of standings.filter((each) => each !== 'free')) {
            const change = { id: '1', on, move, error: 'it\'s `bad` \\ "so" 💥', maxTries: 5 }
            // Not with another token, whatever stands there.
            expect(await source.write([{ ...change, token: `${token}x` }])).toEqual([false])
            expect((await table.rows())[0]).toEqual(before)
            if (on === standing) continue
            expect(await source.write([{ ...change, token }])).toEqual([false])
            expect((await table.rows())[0]).toEqual(before)
          }
          if (standing === 'free') continue
          const change = { id: '1', token, on: standing, move, error: 'it\'s `bad` \\ "so" 💥', maxTries: 5 }
          expect(await source.write([change])).toEqual([true])
          const [after] = await table.rows()
          expect(shape(after!)).toEqual(expected(shape(before!), move))
          expect((await table.rows())[1]).toMatchObject({ id: 2, reservation_id: null, reservation_times: null })
        }
      })
    }

    test('answers by position, whatever mixture of moves, rows and tokens comes', async () => {
      const { source, table } = await setUp()
      const held = await Promise.all(
        ['1', '2', '3', '4'].map((id) => bring(source, id, Number(id) % 2 ? 'started' : 'active')),
      )
      const change = (id: number, on: RowStanding, move: RowChange['move'], token = held[id - 1] ?? 'none') => {
        return { id: String(id), token, on, move, error: `error ${id}`, maxTries: 5 }
      }
      const written = await source.write([
        change(4, 'active', 'start'),
        change(1, 'started', 'complete'),
        change(900, 'started', 'complete'),
        change(2, 'active', 'give_back'),
        change(3, 'started', 'fail', 'stranger#1'),
        change(5, 'active', 'start'),
      ])
      expect(written).toEqual([true, true, false, true, false, false])
      expect((await source.look(['1', '2', '3', '4', '5', '900'])).map((seen) => seen?.standing)).toEqual([
        'ended',
        'free',
        'started',
        'started',
        'free',
        undefined,
      ])
      expect(await table.rows()).toHaveLength(6)
      expect(await source.write([])).toEqual([])
    })

    test('the limit of tries never lowers what was counted', async () => {
      const { source, table } = await setUp()
      const token = await bring(source, '1', 'started')
      await table.setTries(1, 8)
      const change = { id: '1', token, on: 'started', move: 'fail_for_good', error: 'x', maxTries: 5 } as const
      expect(await source.write([change])).toEqual([true])
      expect((await table.rows())[0]).toMatchObject({ reservation_times: 8 })
    })

    test("P17 an instant is the database's, to the millisecond, and reads back as it was", async () => {
      const { source } = await setUp()
      const before = await source.now()
      await bring(source, '1', 'ended')
      const after = await source.now()
      const [seen] = await source.look(['1'])
      for (const at of [seen?.reservedAt, seen?.startedAt, seen?.endedAt]) {
        expect(at).toBeGreaterThanOrEqual(before - 1)
        expect(at).toBeLessThanOrEqual(after + 1)
      }
      expect(seen?.startedAt).toBeGreaterThanOrEqual(seen?.reservedAt ?? Number.NaN)
      expect(seen?.endedAt).toBeGreaterThanOrEqual(seen?.startedAt ?? Number.NaN)
    })

    test('RS-02 a row that the user removed is neither written nor made again', async () => {
      const { source, table } = await setUp()
      const token = await bring(source, '1', 'started')
      await table.remove(1)
      for (const move of ['complete', 'fail', 'expire', 'relaunch'] as const) {
        expect(await source.write([{ id: '1', token, on: 'started', move, error: 'x', maxTries: 5 }])).toEqual([false])
      }
      expect((await table.rows()).map(({ id }) => id)).toEqual([2, 3, 4, 5, 6])
      expect(await source.look(['1'])).toEqual([undefined])
    })
  })

  describe('what lapsed', () => {
    test('P14 is what was reserved or started as long ago as its limit, and has not ended', async () => {
      const { source } = await setUp()
      for (const [index, standing] of standings.entries()) await bring(source, String(index + 1), standing)
      const hour = 3_600_000
      const of = async (startWithinMs: number, maxDurationMs: number, limit = 10) =>
        (await source.lapsed({ startWithinMs, maxDurationMs, limit }))
          .map(({ id, standing }) => `${id} ${standing}`)
          .sort()
      expect(await of(hour, hour)).toEqual([])
      expect(await of(0, hour)).toEqual(['2 active'])
      expect(await of(hour, 0)).toEqual(['3 started'])
      expect(await of(0, 0)).toEqual(['2 active', '3 started'])
      expect(await of(0, 0, 1)).toHaveLength(1)
    })
  })

  describe('what is held', () => {
    test('is read page by page, of all or of one worker, whatever characters a name has', async () => {
      const { source } = await setUp(shops(9))
      const workers = ['w%', 'w_', "w'", 'w', 'ww']
      for (const [index, worker] of workers.entries()) {
        const ids = [String(index + 1)]
        expect(await source.reserve({ tokens: tokens(1, worker), ids, maxTries: 5 })).toHaveLength(1)
      }
      await bring(source, '7', 'started')
      await bring(source, '8', 'ended')
      for (const [index, worker] of workers.entries()) {
        const held = await source.held({ prefix: `${worker}#`, limit: 9 })
        expect(held.map(({ id }) => id)).toEqual([String(index + 1)])
      }
      const pages: string[][] = []
      for (let after: string | undefined; ; after = pages.at(-1)?.at(-1)) {
        const rows = await source.held(after === undefined ? { limit: 2 } : { after, limit: 2 })
        if (rows.length === 0) break
        pages.push(rows.map(({ id }) => id))
      }
      expect(pages).toEqual([
        ['1', '2'],
        ['3', '4'],
        ['5', '7'],
      ])
    })
  })

  describe('the report', () => {
    test('P24 adds up, and tells what each worker has', async () => {
      const { source, table } = await setUp(shops(12))
      const all = ['active', 'active', 'started', 'ended', 'ended', 'ended'] as const
      for (const [index, standing] of all.entries()) await bring(source, String(index + 1), standing)
      await table.setTries(7, 5)
      await table.setTries(8, 6)
      await table.setTries(9, 4)
      expect(await source.count(5)).toEqual({
        total: 12,
        pending: 4,
        reserved: 2,
        running: 1,
        completed: 3,
        failed: 2,
        workers: { 'w:1': { reserved: 2, running: 1, completed: 3 } },
      })
    })
  })

  test("a condition of the user's own bounds what is reserved and reported, and nothing else", async () => {
    const { table } = await setUp()
    const source = table.source({ whereDearerThan: 25 })
    await source.open()
    const reserved = await source.reserve({ tokens: tokens(9), maxTries: 5 })
    expect(reserved.map(({ id }) => id)).toEqual(['4', '5', '6'])
    expect(await source.reserve({ tokens: tokens(1), ids: ['1'], maxTries: 5 })).toEqual([])
    expect(await source.count(5)).toMatchObject({ total: 3, reserved: 3 })
    await table.setPrice(4, 1)
    expect(await source.count(5)).toMatchObject({ total: 2, reserved: 2 })
    expect(await source.lapsed({ startWithinMs: 0, maxDurationMs: 0, limit: 9 })).toHaveLength(3)
    expect(await source.held({ limit: 9 })).toHaveLength(3)
    const { token } = reserved[0]!
    expect(await source.write([{ id: '4', token: token!, on: 'active', move: 'start', maxTries: 5 }])).toEqual([true])
  })

  test('RS-03 a key may be any text', async () => {
    const ids = ["it's", 'say "so"', 'back\\slash', '007', '7', ' ', '💥 é', "x'; drop table shop; --", '$1', '?', '%']
    const { source } = await setUp(
      ids.map((id, index) => ({ id, name: `shop ${index}`, price: index })),
      'text',
    )
    const reserved = await source.reserve({ tokens: tokens(20), maxTries: 5 })
    expect(reserved.map(({ id }) => id).sort()).toEqual(ids.toSorted())
    for (const { id, row } of reserved) expect(row.id).toBe(id)
    const started = await source.write(
      reserved.map(({ id, token }) => ({ id, token: token!, on: 'active', move: 'start', maxTries: 5 })),
    )
    expect(started).toEqual(ids.map(() => true))
    expect((await source.look(ids)).map((seen) => seen?.id)).toEqual(ids)
    expect(ids.map((id) => source.idOf(id))).toEqual(ids)
  })

  test("closed, it has ended nothing of the app's: opened again it answers, as for a report after the work", async () => {
    const { table, source } = await setUp()
    await source.close?.()
    await source.open()
    expect(await source.count(5)).toMatchObject({ total: 6, pending: 6 })
    expect(await table.rows()).toHaveLength(6)
  })

  test('what cannot be a key is refused', async () => {
    const { source } = await setUp()
    for (const key of [null, undefined, {}, [], () => 1, Symbol('x')]) expect(() => source.idOf(key)).toThrow(TypeError)
  })
}

/** A row without the exact instants: whether there is one is what counts. */
function shape(row: ShopRow) {
  return {
    ...row,
    reservation_time: row.reservation_time !== null,
    start_time: row.start_time !== null,
    end_time: row.end_time !== null,
  }
}

/** The map of {@link ShopRow}'s columns. */
export const columnsOfShops = {
  id: 'id',
  reservationId: 'reservation_id',
  reservationTime: 'reservation_time',
  reservationTimes: 'reservation_times',
  startTime: 'start_time',
  endTime: 'end_time',
  success: 'success',
  error: 'error',
} as const

/** By the table of moves, read here once more and by other means. */
function expected(before: ReturnType<typeof shape>, move: RowMoveName): ReturnType<typeof shape> {
  const after: Record<string, unknown> = { ...before }
  for (const [column, write] of Object.entries(rowMoves[move].writes) as [keyof typeof columnsOfShops, unknown][]) {
    const isInstant = ['reservationTime', 'startTime', 'endTime'].includes(column)
    const values: Record<string, unknown> = {
      now: true,
      'one more': (before.reservation_times ?? 0) + 1,
      'the limit': Math.max(before.reservation_times ?? 0, 5),
      text: 'it\'s `bad` \\ "so" 💥',
    }
    after[columnsOfShops[column]] = isInstant ? write === 'now' : typeof write === 'string' ? values[write] : write
  }
  return after as ReturnType<typeof shape>
}
