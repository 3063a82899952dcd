/** Rows in memory: the source that says what the others have to do. */
import { describe, expect, test } from 'vitest'
import { memoryRows } from '../../adapters/memory/index.ts'
import { columnsOfShops, type ShopRow, sourceCases } from './source-cases.ts'

describe('an array of rows', () => {
  sourceCases({
    async table(shops) {
      const rows: ShopRow[] = shops.map((shop) => ({ ...shop, ...nothingYet }))
      const set = (id: unknown, change: Partial<ShopRow>) => {
        Object.assign(rows.find((row) => row.id === id) ?? {}, change)
      }
      return {
        source: ({ whereDearerThan: least } = {}) =>
          memoryRows(rows, { ...columnsOfShops, ...(least !== undefined && { where: ({ price }) => price > least }) }),
        rows: async () => rows.map((row) => ({ ...row })),
        setTries: async (id, tries) => set(id, { reservation_times: tries }),
        setPrice: async (id, price) => set(id, { price }),
        remove: async (id) =>
          void rows.splice(
            rows.findIndex((row) => row.id === id),
            1,
          ),
      }
    },
  })
})

const nothingYet = {
  reservation_id: null,
  reservation_time: null,
  reservation_times: null,
  start_time: null,
  end_time: null,
  success: null,
  error: null,
}

test('two rows with one key are refused', () => {
  const rows = [{ id: 1 }, { id: '1' }]
  expect(() => memoryRows(rows, columnsOfShops).open()).toThrow('Two rows have the same `id`')
})
